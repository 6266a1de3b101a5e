from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="Question")


@_attrs_define
class Question:
    """A question to a collection.

    Attributes:
        query (str):
        collection (str | Unset):  Default: 'default'.
        limit (int | Unset):  Default: 10.
        graph (bool | Unset): Whether passages that are joined to the best ones, by what both name, take every other
            place from the third on. Default: False.
    """

    query: str
    collection: str | Unset = "default"
    limit: int | Unset = 10
    graph: bool | Unset = False

    def to_dict(self) -> dict[str, Any]:
        query = self.query

        collection = self.collection

        limit = self.limit

        graph = self.graph

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "query": query,
            }
        )
        if collection is not UNSET:
            field_dict["collection"] = collection
        if limit is not UNSET:
            field_dict["limit"] = limit
        if graph is not UNSET:
            field_dict["graph"] = graph

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        query = d.pop("query")

        collection = d.pop("collection", UNSET)

        limit = d.pop("limit", UNSET)

        graph = d.pop("graph", UNSET)

        question = cls(
            query=query,
            collection=collection,
            limit=limit,
            graph=graph,
        )

        return question
