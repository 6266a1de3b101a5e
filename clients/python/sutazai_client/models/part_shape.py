from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="PartShape")


@_attrs_define
class PartShape:
    """How one part does.

    Attributes:
        name (str):
        ok (bool):
        needed (bool | Unset): Whether nothing works without it. Default: True.
        detail (str | Unset): Why it is not ok. Default: ''.
        remedy (str | Unset): What to do where it is not ok. Default: ''.
    """

    name: str
    ok: bool
    needed: bool | Unset = True
    detail: str | Unset = ""
    remedy: str | Unset = ""
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        ok = self.ok

        needed = self.needed

        detail = self.detail

        remedy = self.remedy

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "name": name,
                "ok": ok,
            }
        )
        if needed is not UNSET:
            field_dict["needed"] = needed
        if detail is not UNSET:
            field_dict["detail"] = detail
        if remedy is not UNSET:
            field_dict["remedy"] = remedy

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        name = d.pop("name")

        ok = d.pop("ok")

        needed = d.pop("needed", UNSET)

        detail = d.pop("detail", UNSET)

        remedy = d.pop("remedy", UNSET)

        part_shape = cls(
            name=name,
            ok=ok,
            needed=needed,
            detail=detail,
            remedy=remedy,
        )

        part_shape.additional_properties = d
        return part_shape

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
