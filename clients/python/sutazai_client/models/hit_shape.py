from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.document_ref import DocumentRef


T = TypeVar("T", bound="HitShape")


@_attrs_define
class HitShape:
    """A passage that was found.

    Attributes:
        document (DocumentRef): A document as a person knows it.
        chunk (UUID):
        heading_path (list[str]):
        start (int):
        end (int):
        text (str):
        score (float): Fused; orders the hits of one search, no more.
        similarity (float): Cosine of query and passage.
        by_graph (bool | Unset): Whether it was found by what joins it to others, and not by the question. Default:
            False.
    """

    document: DocumentRef
    chunk: UUID
    heading_path: list[str]
    start: int
    end: int
    text: str
    score: float
    similarity: float
    by_graph: bool | Unset = False
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        document = self.document.to_dict()

        chunk = str(self.chunk)

        heading_path = self.heading_path

        start = self.start

        end = self.end

        text = self.text

        score = self.score

        similarity = self.similarity

        by_graph = self.by_graph

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "document": document,
                "chunk": chunk,
                "heading_path": heading_path,
                "start": start,
                "end": end,
                "text": text,
                "score": score,
                "similarity": similarity,
            }
        )
        if by_graph is not UNSET:
            field_dict["by_graph"] = by_graph

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.document_ref import DocumentRef  # noqa: PLC0415

        d = dict(src_dict)
        document = DocumentRef.from_dict(d.pop("document"))

        chunk = UUID(d.pop("chunk"))

        heading_path = cast(list[str], d.pop("heading_path"))

        start = d.pop("start")

        end = d.pop("end")

        text = d.pop("text")

        score = d.pop("score")

        similarity = d.pop("similarity")

        by_graph = d.pop("by_graph", UNSET)

        hit_shape = cls(
            document=document,
            chunk=chunk,
            heading_path=heading_path,
            start=start,
            end=end,
            text=text,
            score=score,
            similarity=similarity,
            by_graph=by_graph,
        )

        hit_shape.additional_properties = d
        return hit_shape

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
