from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.role import Role

T = TypeVar("T", bound="MemberShape")


@_attrs_define
class MemberShape:
    """A user of the tenant.

    Attributes:
        id (UUID):
        email (str):
        role (Role): What somebody is in a tenant.
        disabled (bool): Whether they may not get in here.
        one_time_password (bool): Whether they have not chosen a password yet.
        created_at (datetime.datetime): When they became a member.
        last_login_on (datetime.date | None):
    """

    id: UUID
    email: str
    role: Role
    disabled: bool
    one_time_password: bool
    created_at: datetime.datetime
    last_login_on: datetime.date | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = str(self.id)

        email = self.email

        role = self.role.value

        disabled = self.disabled

        one_time_password = self.one_time_password

        created_at = self.created_at.isoformat()

        last_login_on: None | str
        if isinstance(self.last_login_on, datetime.date):
            last_login_on = self.last_login_on.isoformat()
        else:
            last_login_on = self.last_login_on

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "email": email,
                "role": role,
                "disabled": disabled,
                "one_time_password": one_time_password,
                "created_at": created_at,
                "last_login_on": last_login_on,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = UUID(d.pop("id"))

        email = d.pop("email")

        role = Role(d.pop("role"))

        disabled = d.pop("disabled")

        one_time_password = d.pop("one_time_password")

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        def _parse_last_login_on(data: object) -> datetime.date | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                last_login_on_type_0 = datetime.date.fromisoformat(data)

                return last_login_on_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.date | None, data)

        last_login_on = _parse_last_login_on(d.pop("last_login_on"))

        member_shape = cls(
            id=id,
            email=email,
            role=role,
            disabled=disabled,
            one_time_password=one_time_password,
            created_at=created_at,
            last_login_on=last_login_on,
        )

        member_shape.additional_properties = d
        return member_shape

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
