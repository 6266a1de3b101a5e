from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.part_shape import PartShape


T = TypeVar("T", bound="Readiness")


@_attrs_define
class Readiness:
    """Whether the platform can work, part by part; without a part not `needed` it does less.

    Attributes:
        ready (bool):
        profile (str):
        parts (list[PartShape]):
    """

    ready: bool
    profile: str
    parts: list[PartShape]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        ready = self.ready

        profile = self.profile

        parts = []
        for parts_item_data in self.parts:
            parts_item = parts_item_data.to_dict()
            parts.append(parts_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "ready": ready,
                "profile": profile,
                "parts": parts,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.part_shape import PartShape  # noqa: PLC0415

        d = dict(src_dict)
        ready = d.pop("ready")

        profile = d.pop("profile")

        parts = []
        _parts = d.pop("parts")
        for parts_item_data in _parts:
            parts_item = PartShape.from_dict(parts_item_data)

            parts.append(parts_item)

        readiness = cls(
            ready=ready,
            profile=profile,
            parts=parts,
        )

        readiness.additional_properties = d
        return readiness

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
