"""What a model's tokens cost, by setting."""

from pydantic import BaseModel, ConfigDict, Field


class Price(BaseModel):
    """The price of a million tokens, in whatever currency the settings use."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prompt: float = Field(ge=0, description="Of a million tokens of the question.")
    completion: float = Field(ge=0, description="Of a million tokens of the answer.")

    def of(self, prompt_tokens: int, completion_tokens: int) -> float:
        """Give what one call cost."""
        return (self.prompt * prompt_tokens + self.completion * completion_tokens) / 1_000_000
