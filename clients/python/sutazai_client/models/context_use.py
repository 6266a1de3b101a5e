from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="ContextUse")


@_attrs_define
class ContextUse:
    """How much of what was said before goes with a question, and what does not fit any more.

    Attributes:
        used (int): Earlier messages that go with the question.
        dropped (int): Earlier messages that were left out: no room for them.
        tokens (int): Tokens of those that go with it.
        budget (int): Tokens that they may have together.
        counted_by (str): Whose tokens these are, or how they were estimated.
    """

    used: int
    dropped: int
    tokens: int
    budget: int
    counted_by: str

    def to_dict(self) -> dict[str, Any]:
        used = self.used

        dropped = self.dropped

        tokens = self.tokens

        budget = self.budget

        counted_by = self.counted_by

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "used": used,
                "dropped": dropped,
                "tokens": tokens,
                "budget": budget,
                "counted_by": counted_by,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        used = d.pop("used")

        dropped = d.pop("dropped")

        tokens = d.pop("tokens")

        budget = d.pop("budget")

        counted_by = d.pop("counted_by")

        context_use = cls(
            used=used,
            dropped=dropped,
            tokens=tokens,
            budget=budget,
            counted_by=counted_by,
        )

        return context_use
