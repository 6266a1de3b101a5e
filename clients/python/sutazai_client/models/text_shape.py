from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.document_ref import DocumentRef


T = TypeVar("T", bound="TextShape")


@_attrs_define
class TextShape:
    """A part of a document's stored text; offsets in code points.

    Attributes:
        document (DocumentRef): A document as a person knows it.
        start (int):
        end (int):
        characters (int): Length of the whole text.
        text (str):
    """

    document: DocumentRef
    start: int
    end: int
    characters: int
    text: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        document = self.document.to_dict()

        start = self.start

        end = self.end

        characters = self.characters

        text = self.text

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "document": document,
                "start": start,
                "end": end,
                "characters": characters,
                "text": text,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.document_ref import DocumentRef  # noqa: PLC0415

        d = dict(src_dict)
        document = DocumentRef.from_dict(d.pop("document"))

        start = d.pop("start")

        end = d.pop("end")

        characters = d.pop("characters")

        text = d.pop("text")

        text_shape = cls(
            document=document,
            start=start,
            end=end,
            characters=characters,
            text=text,
        )

        text_shape.additional_properties = d
        return text_shape

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
