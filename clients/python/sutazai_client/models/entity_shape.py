from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.entity_kind import EntityKind

T = TypeVar("T", bound="EntityShape")


@_attrs_define
class EntityShape:
    """What documents of a collection name.

    Attributes:
        id (UUID):
        kind (EntityKind): What an entity is.
        key (str): What all its names come to.
        name (str):
        chunks (int): How many chunks name it.
    """

    id: UUID
    kind: EntityKind
    key: str
    name: str
    chunks: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = str(self.id)

        kind = self.kind.value

        key = self.key

        name = self.name

        chunks = self.chunks

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "kind": kind,
                "key": key,
                "name": name,
                "chunks": chunks,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = UUID(d.pop("id"))

        kind = EntityKind(d.pop("kind"))

        key = d.pop("key")

        name = d.pop("name")

        chunks = d.pop("chunks")

        entity_shape = cls(
            id=id,
            kind=kind,
            key=key,
            name=name,
            chunks=chunks,
        )

        entity_shape.additional_properties = d
        return entity_shape

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
