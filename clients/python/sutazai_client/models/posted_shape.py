from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.message_shape import MessageShape
    from ..models.run_shape import RunShape


T = TypeVar("T", bound="PostedShape")


@_attrs_define
class PostedShape:
    """A question that was taken in, and the run that works on it.

    Attributes:
        message (MessageShape): A question, or the answer to the one before it.
        run (RunShape): A run with its steps; `usage` sums up what they counted.
    """

    message: MessageShape
    run: RunShape
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        message = self.message.to_dict()

        run = self.run.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "message": message,
                "run": run,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.message_shape import MessageShape  # noqa: PLC0415
        from ..models.run_shape import RunShape  # noqa: PLC0415

        d = dict(src_dict)
        message = MessageShape.from_dict(d.pop("message"))

        run = RunShape.from_dict(d.pop("run"))

        posted_shape = cls(
            message=message,
            run=run,
        )

        posted_shape.additional_properties = d
        return posted_shape

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
