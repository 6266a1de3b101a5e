from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.document_ref import DocumentRef


T = TypeVar("T", bound="Citation")


@_attrs_define
class Citation:
    """Where a numbered claim of an answer comes from; `quote` is the text at `start:end`.

    Attributes:
        n (int):
        document (DocumentRef): A document as a person knows it.
        start (int):
        end (int):
        quote (str):
        heading_path (list[str] | Unset):
        by_graph (bool | Unset): Whether it was found by what joins it to others, and not by the question. Default:
            False.
    """

    n: int
    document: DocumentRef
    start: int
    end: int
    quote: str
    heading_path: list[str] | Unset = UNSET
    by_graph: bool | Unset = False

    def to_dict(self) -> dict[str, Any]:
        n = self.n

        document = self.document.to_dict()

        start = self.start

        end = self.end

        quote = self.quote

        heading_path: list[str] | Unset = UNSET
        if not isinstance(self.heading_path, Unset):
            heading_path = self.heading_path

        by_graph = self.by_graph

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "n": n,
                "document": document,
                "start": start,
                "end": end,
                "quote": quote,
            }
        )
        if heading_path is not UNSET:
            field_dict["heading_path"] = heading_path
        if by_graph is not UNSET:
            field_dict["by_graph"] = by_graph

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.document_ref import DocumentRef  # noqa: PLC0415

        d = dict(src_dict)
        n = d.pop("n")

        document = DocumentRef.from_dict(d.pop("document"))

        start = d.pop("start")

        end = d.pop("end")

        quote = d.pop("quote")

        heading_path = cast(list[str], d.pop("heading_path", UNSET))

        by_graph = d.pop("by_graph", UNSET)

        citation = cls(
            n=n,
            document=document,
            start=start,
            end=end,
            quote=quote,
            heading_path=heading_path,
            by_graph=by_graph,
        )

        return citation
