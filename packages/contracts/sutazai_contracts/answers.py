"""Answers of models that are kept, to answer exactly the same question without the model."""

from typing import Literal

from pydantic import Field

from sutazai_contracts.models import Cut
from sutazai_contracts.tasks import Message

KEY = r"^[0-9a-f]{64}$"
"""What names a question: a SHA-256 in lower-case hex."""
MAX_ANSWER_BYTES = 256 * 1024
"""Bytes of an answer as JSON; a larger one is not kept."""


class KeptAnswer(Message):
    """A whole answer, as a model gave it."""

    text: str
    reason: Literal["stop", "length"]
    cut: Cut | None = Field(
        default=None, description="What of the question did not fit; the same each time."
    )
    repaired: bool = Field(default=False, description="Whether it had to be asked for twice.")
