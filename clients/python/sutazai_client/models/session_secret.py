from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="SessionSecret")


@_attrs_define
class SessionSecret:
    """What a browser holds of its session.

    Attributes:
        session (str): Value of the cookie `sutazai_session`.
    """

    session: str

    def to_dict(self) -> dict[str, Any]:
        session = self.session

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "session": session,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        session = d.pop("session")

        session_secret = cls(
            session=session,
        )

        return session_secret
