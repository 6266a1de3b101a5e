from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="LineShape")


@_attrs_define
class LineShape:
    """The line for one model.

    Attributes:
        parallel (int): Calls it works on at once.
        busy (int): Calls it works on now.
        waiting (int): Calls that wait for their turn.
        typical_s (float): Seconds a call takes typically.
        yours (list[int]): Places that calls of this tenant have, from 1.
    """

    parallel: int
    busy: int
    waiting: int
    typical_s: float
    yours: list[int]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        parallel = self.parallel

        busy = self.busy

        waiting = self.waiting

        typical_s = self.typical_s

        yours = self.yours

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "parallel": parallel,
                "busy": busy,
                "waiting": waiting,
                "typical_s": typical_s,
                "yours": yours,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        parallel = d.pop("parallel")

        busy = d.pop("busy")

        waiting = d.pop("waiting")

        typical_s = d.pop("typical_s")

        yours = cast(list[int], d.pop("yours"))

        line_shape = cls(
            parallel=parallel,
            busy=busy,
            waiting=waiting,
            typical_s=typical_s,
            yours=yours,
        )

        line_shape.additional_properties = d
        return line_shape

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
