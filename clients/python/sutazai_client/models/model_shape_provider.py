from enum import StrEnum


class ModelShapeProvider(StrEnum):
    ANTHROPIC = "anthropic"
    LLAMA_CPP = "llama_cpp"
    OLLAMA = "ollama"
    OPENAI_COMPATIBLE = "openai_compatible"
    SCRIPTED = "scripted"

    def __str__(self) -> str:
        return str(self.value)
