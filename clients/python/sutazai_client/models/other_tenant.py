from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from attrs import define as _attrs_define

T = TypeVar("T", bound="OtherTenant")


@_attrs_define
class OtherTenant:
    """The tenant to go on in.

    Attributes:
        tenant (UUID): One of those that `GET /api/v1/tenants` lists.
    """

    tenant: UUID

    def to_dict(self) -> dict[str, Any]:
        tenant = str(self.tenant)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "tenant": tenant,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        tenant = UUID(d.pop("tenant"))

        other_tenant = cls(
            tenant=tenant,
        )

        return other_tenant
