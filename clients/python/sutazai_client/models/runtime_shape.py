from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.runtime_shape_provider import RuntimeShapeProvider

T = TypeVar("T", bound="RuntimeShape")


@_attrs_define
class RuntimeShape:
    """Where models run.

    Attributes:
        provider (RuntimeShapeProvider):
        version (None | str):
        place (str): Its address, or the file that is read into this process.
        hosted (bool): Whether prompts leave this machine's own network.
    """

    provider: RuntimeShapeProvider
    version: None | str
    place: str
    hosted: bool
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        provider = self.provider.value

        version: None | str
        version = self.version

        place = self.place

        hosted = self.hosted

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "provider": provider,
                "version": version,
                "place": place,
                "hosted": hosted,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        provider = RuntimeShapeProvider(d.pop("provider"))

        def _parse_version(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        version = _parse_version(d.pop("version"))

        place = d.pop("place")

        hosted = d.pop("hosted")

        runtime_shape = cls(
            provider=provider,
            version=version,
            place=place,
            hosted=hosted,
        )

        runtime_shape.additional_properties = d
        return runtime_shape

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
