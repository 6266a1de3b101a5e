from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.role import Role

T = TypeVar("T", bound="TenantShape")


@_attrs_define
class TenantShape:
    """A tenant, and what one is in it.

    Attributes:
        id (UUID):
        name (str):
        role (Role): What somebody is in a tenant.
        current (bool): Whether this request is of it.
        created_at (datetime.datetime): When one became a member.
    """

    id: UUID
    name: str
    role: Role
    current: bool
    created_at: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = str(self.id)

        name = self.name

        role = self.role.value

        current = self.current

        created_at = self.created_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "name": name,
                "role": role,
                "current": current,
                "created_at": created_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = UUID(d.pop("id"))

        name = d.pop("name")

        role = Role(d.pop("role"))

        current = d.pop("current")

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        tenant_shape = cls(
            id=id,
            name=name,
            role=role,
            current=current,
            created_at=created_at,
        )

        tenant_shape.additional_properties = d
        return tenant_shape

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
