from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="ProjectionShape")


@_attrs_define
class ProjectionShape:
    """Where the graph of a collection is asked.

    Attributes:
        projected (bool): Whether there is a projection; else the facts are asked.
        whole (bool): Whether all is projected, and is what is asked.
        versions (int): Of how many documents the facts are projected.
        of (int): Of how many they are to be.
    """

    projected: bool
    whole: bool
    versions: int
    of: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        projected = self.projected

        whole = self.whole

        versions = self.versions

        of = self.of

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "projected": projected,
                "whole": whole,
                "versions": versions,
                "of": of,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        projected = d.pop("projected")

        whole = d.pop("whole")

        versions = d.pop("versions")

        of = d.pop("of")

        projection_shape = cls(
            projected=projected,
            whole=whole,
            versions=versions,
            of=of,
        )

        projection_shape.additional_properties = d
        return projection_shape

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
