from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="EmbeddingModel")


@_attrs_define
class EmbeddingModel:
    """Which model made a vector; a collection keeps it and refuses another.

    Attributes:
        name (str):
        revision (str):
        dimension (int):
        max_tokens (int): Longest input in tokens, the two special ones included.
    """

    name: str
    revision: str
    dimension: int
    max_tokens: int

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        revision = self.revision

        dimension = self.dimension

        max_tokens = self.max_tokens

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "name": name,
                "revision": revision,
                "dimension": dimension,
                "max_tokens": max_tokens,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        name = d.pop("name")

        revision = d.pop("revision")

        dimension = d.pop("dimension")

        max_tokens = d.pop("max_tokens")

        embedding_model = cls(
            name=name,
            revision=revision,
            dimension=dimension,
            max_tokens=max_tokens,
        )

        return embedding_model
