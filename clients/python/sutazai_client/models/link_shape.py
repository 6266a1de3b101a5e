from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.relation_kind import RelationKind

T = TypeVar("T", bound="LinkShape")


@_attrs_define
class LinkShape:
    """Two entities that belong together; `together` has no direction.

    Attributes:
        subject (UUID):
        kind (RelationKind): What joins two entities; `together` has no direction: a sentence names both.
        object_ (UUID):
        weight (int): How many chunks say so.
    """

    subject: UUID
    kind: RelationKind
    object_: UUID
    weight: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        subject = str(self.subject)

        kind = self.kind.value

        object_ = str(self.object_)

        weight = self.weight

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "subject": subject,
                "kind": kind,
                "object": object_,
                "weight": weight,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        subject = UUID(d.pop("subject"))

        kind = RelationKind(d.pop("kind"))

        object_ = UUID(d.pop("object"))

        weight = d.pop("weight")

        link_shape = cls(
            subject=subject,
            kind=kind,
            object_=object_,
            weight=weight,
        )

        link_shape.additional_properties = d
        return link_shape

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
