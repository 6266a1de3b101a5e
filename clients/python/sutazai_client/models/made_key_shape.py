from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.key_shape import KeyShape


T = TypeVar("T", bound="MadeKeyShape")


@_attrs_define
class MadeKeyShape:
    """A key and its secret, which is shown this once.

    Attributes:
        key (KeyShape): An API key that holds, without its secret.
        secret (str): To be sent as `Authorization: Bearer …`.
    """

    key: KeyShape
    secret: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        key = self.key.to_dict()

        secret = self.secret

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "key": key,
                "secret": secret,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.key_shape import KeyShape  # noqa: PLC0415

        d = dict(src_dict)
        key = KeyShape.from_dict(d.pop("key"))

        secret = d.pop("secret")

        made_key_shape = cls(
            key=key,
            secret=secret,
        )

        made_key_shape.additional_properties = d
        return made_key_shape

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
