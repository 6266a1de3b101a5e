"""Language models as they travel: what is asked of one, what it answers with, what it can do."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sutazai_contracts.tasks import Message

Role = Literal["system", "user", "assistant"]
Reason = Literal["stop", "length", "cancelled"]
Provider = Literal["ollama", "llama_cpp", "scripted", "openai_compatible", "anthropic"]


class Request(BaseModel):
    """What a caller says: unknown fields are refused, so that a misspelt one is not ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Part(Request):
    """A piece of a message that may be cut where the whole does not fit, such as one passage."""

    text: str
    rank: int | None = Field(
        default=None,
        description="None: never cut. Else the lowest rank is cut first, and of equals the last.",
    )
    shorten: bool = Field(
        default=False,
        description="Whether the front of it is worth keeping where all of it does not fit.",
    )


class ChatMessage(Request):
    """One message of a conversation. Its text is what its parts are, put together as they are."""

    role: Role
    content: str | tuple[Part, ...]

    @property
    def text(self) -> str:
        """Give the whole text."""
        if isinstance(self.content, str):
            return self.content
        return "".join(part.text for part in self.content)


class ModelRequest(Request):
    """A question to a model. Equal requests at temperature 0 with a seed get equal answers."""

    model: str = Field(min_length=1, max_length=256, description="Its name, as `models()` says it.")
    messages: tuple[ChatMessage, ...] = Field(min_length=1)
    max_tokens: int = Field(default=512, ge=1, description="The answer's bound, kept free for it.")
    temperature: float = Field(default=0.0, ge=0, le=2)
    seed: int | None = Field(default=None, ge=0, lt=2**31)
    stop: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        default=(), max_length=4, description="Texts that end the answer; they are left out of it."
    )
    num_ctx: int | None = Field(
        default=None,
        ge=64,
        description="Tokens of question and answer; None: as the provider is set.",
    )
    deadline_s: float | None = Field(
        default=None, gt=0, description="Seconds from the call until the answer is broken off."
    )
    json_schema: dict[str, Any] | None = Field(
        default=None, description="What decoding is bound to; `Model.structured` sets it."
    )

    @model_validator(mode="after")
    def _ends_with_the_user(self) -> Self:
        roles = [message.role for message in self.messages]
        if roles[-1] == "system" or "system" in roles[1:]:
            raise ValueError("one system message may stand first, and another role stands last")
        return self


class Usage(Message):
    """What one call cost."""

    prompt_tokens: int = Field(ge=0)
    completion_tokens: int = Field(ge=0)
    first_token_s: float | None = Field(description="Seconds to the first text; None: none came.")
    total_s: float = Field(description="Seconds of the whole call, as the caller waited.")
    cost: float | None = Field(
        default=None, description="In the currency of the price setting; None: no price is set."
    )
    exact: bool = Field(default=True, description="Whether the runtime counted, or we estimated.")


class CutPiece(Message):
    """One message or part that was cut, fully or down to its front."""

    message: int = Field(ge=0, description="Place of the message in the request, from 0.")
    part: int | None = Field(default=None, description="Place of the part in it; None: all of it.")
    characters: int = Field(ge=1, description="Code points that were cut.")
    tokens: int = Field(ge=0, description="Tokens that were cut.")
    dropped: bool = Field(description="Whether nothing of it was sent.")


class Cut(Message):
    """What of a request was not sent to the model, because it did not fit its context."""

    pieces: tuple[CutPiece, ...] = Field(min_length=1)
    num_ctx: int = Field(description="The context that all of it did not fit into.")
    exact: bool = Field(description="Whether the model's tokenizer counted, or we estimated.")

    @property
    def messages(self) -> int:
        """Count the messages that were dropped as a whole."""
        return sum(piece.dropped and piece.part is None for piece in self.pieces)

    @property
    def tokens(self) -> int:
        """Count the tokens that were cut."""
        return sum(piece.tokens for piece in self.pieces)

    @property
    def characters(self) -> int:
        """Count the code points that were cut."""
        return sum(piece.characters for piece in self.pieces)

    def __str__(self) -> str:
        """Say it to a person."""
        whole = sum(piece.dropped for piece in self.pieces)
        return (
            f"{self.characters} characters (about {self.tokens} tokens) did not fit into the "
            f"context of {self.num_ctx} tokens: {whole} pieces left out, "
            f"{len(self.pieces) - whole} shortened."
        )


class Capabilities(Message):
    """What a model can do, as its runtime says or was seen to do."""

    context_tokens: int | None = Field(description="Longest context it was made for; None: unsaid.")
    completion: bool = True
    json_schema: bool = Field(description="Whether decoding can be bound to a JSON schema.")
    tools: bool = False
    embeddings: bool = False


class ModelInfo(Message):
    """A model that a runtime has."""

    name: str
    provider: Provider
    capabilities: Capabilities
    digest: str | None = Field(
        default=None, description="What identifies its weights; None: unsaid."
    )
    size_bytes: int | None = None
    parameters: str | None = Field(default=None, description="Number of weights, such as `1.1B`.")
    quantization: str | None = None


class RuntimeInfo(Message):
    """Where models run, for the start log, the API and the command line."""

    provider: Provider
    version: str | None = None
    place: str = Field(description="Its address, or the file that is read into this process.")
    hosted: bool = Field(description="Whether prompts leave the machine's own network.")
    advice: str = Field(description="How to get a better model here, in a sentence.")


class TokenCount(Message):
    """How many tokens a text has."""

    tokens: int = Field(ge=0)
    exact: bool = Field(description="False: an estimate that is meant to be too high.")
