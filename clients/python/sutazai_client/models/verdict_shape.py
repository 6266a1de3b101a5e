from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="VerdictShape")


@_attrs_define
class VerdictShape:
    """Whether the log is as it was written.

    Attributes:
        ok (bool):
        entries (int): How many of them hold.
        head (str): The hash of the last one that holds: note it elsewhere, and you will see whether the end was cut
            off.
        broken_at (int | None): The first that does not hold.
        reason (None | str):
    """

    ok: bool
    entries: int
    head: str
    broken_at: int | None
    reason: None | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        ok = self.ok

        entries = self.entries

        head = self.head

        broken_at: int | None
        broken_at = self.broken_at

        reason: None | str
        reason = self.reason

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "ok": ok,
                "entries": entries,
                "head": head,
                "broken_at": broken_at,
                "reason": reason,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        ok = d.pop("ok")

        entries = d.pop("entries")

        head = d.pop("head")

        def _parse_broken_at(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        broken_at = _parse_broken_at(d.pop("broken_at"))

        def _parse_reason(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        reason = _parse_reason(d.pop("reason"))

        verdict_shape = cls(
            ok=ok,
            entries=entries,
            head=head,
            broken_at=broken_at,
            reason=reason,
        )

        verdict_shape.additional_properties = d
        return verdict_shape

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
