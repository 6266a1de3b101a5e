from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.document_ref import DocumentRef


T = TypeVar("T", bound="SourceShape")


@_attrs_define
class SourceShape:
    """What a link was read from: a span of a document's text, in code points.

    Attributes:
        document (DocumentRef): A document as a person knows it.
        heading_path (list[str]):
        start (int):
        end (int):
    """

    document: DocumentRef
    heading_path: list[str]
    start: int
    end: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        document = self.document.to_dict()

        heading_path = self.heading_path

        start = self.start

        end = self.end

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "document": document,
                "heading_path": heading_path,
                "start": start,
                "end": end,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.document_ref import DocumentRef  # noqa: PLC0415

        d = dict(src_dict)
        document = DocumentRef.from_dict(d.pop("document"))

        heading_path = cast(list[str], d.pop("heading_path"))

        start = d.pop("start")

        end = d.pop("end")

        source_shape = cls(
            document=document,
            heading_path=heading_path,
            start=start,
            end=end,
        )

        source_shape.additional_properties = d
        return source_shape

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
