from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.role import Role
from ..models.scope import Scope

T = TypeVar("T", bound="UserShape")


@_attrs_define
class UserShape:
    """Who asks, and what they may do.

    Attributes:
        id (UUID):
        email (str):
        role (Role): What somebody is in a tenant.
        tenant (UUID):
        tenant_name (str):
        scopes (list[Scope]): What role and key allow.
        must_change_password (bool): Whether the password is a one-time one, which opens nothing but its change.
    """

    id: UUID
    email: str
    role: Role
    tenant: UUID
    tenant_name: str
    scopes: list[Scope]
    must_change_password: bool
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = str(self.id)

        email = self.email

        role = self.role.value

        tenant = str(self.tenant)

        tenant_name = self.tenant_name

        scopes = []
        for scopes_item_data in self.scopes:
            scopes_item = scopes_item_data.value
            scopes.append(scopes_item)

        must_change_password = self.must_change_password

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "email": email,
                "role": role,
                "tenant": tenant,
                "tenant_name": tenant_name,
                "scopes": scopes,
                "must_change_password": must_change_password,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = UUID(d.pop("id"))

        email = d.pop("email")

        role = Role(d.pop("role"))

        tenant = UUID(d.pop("tenant"))

        tenant_name = d.pop("tenant_name")

        scopes = []
        _scopes = d.pop("scopes")
        for scopes_item_data in _scopes:
            scopes_item = Scope(scopes_item_data)

            scopes.append(scopes_item)

        must_change_password = d.pop("must_change_password")

        user_shape = cls(
            id=id,
            email=email,
            role=role,
            tenant=tenant,
            tenant_name=tenant_name,
            scopes=scopes,
            must_change_password=must_change_password,
        )

        user_shape.additional_properties = d
        return user_shape

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
