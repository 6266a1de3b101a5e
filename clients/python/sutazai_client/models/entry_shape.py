from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="EntryShape")


@_attrs_define
class EntryShape:
    """Something that happened, with its place in the chain.

    Attributes:
        seq (int):
        at (datetime.datetime):
        event (str):
        actor (None | UUID): The user who did it; null: it is not known who.
        subject (None | str): The id of what it was done to.
        address (None | str): Where from, as much as SUTAZAI_AUDIT_ADDRESSES keeps of it.
        details (Any):
        previous (str): The hash of the entry before, in hex.
        hash_ (str): SHA-256 over `previous` and the entry, in hex.
    """

    seq: int
    at: datetime.datetime
    event: str
    actor: None | UUID
    subject: None | str
    address: None | str
    details: Any
    previous: str
    hash_: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        seq = self.seq

        at = self.at.isoformat()

        event = self.event

        actor: None | str
        if isinstance(self.actor, UUID):
            actor = str(self.actor)
        else:
            actor = self.actor

        subject: None | str
        subject = self.subject

        address: None | str
        address = self.address

        details = self.details

        previous = self.previous

        hash_ = self.hash_

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "seq": seq,
                "at": at,
                "event": event,
                "actor": actor,
                "subject": subject,
                "address": address,
                "details": details,
                "previous": previous,
                "hash": hash_,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        seq = d.pop("seq")

        at = datetime.datetime.fromisoformat(d.pop("at"))

        event = d.pop("event")

        def _parse_actor(data: object) -> None | UUID:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                actor_type_0 = UUID(data)

                return actor_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | UUID, data)

        actor = _parse_actor(d.pop("actor"))

        def _parse_subject(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        subject = _parse_subject(d.pop("subject"))

        def _parse_address(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        address = _parse_address(d.pop("address"))

        details = d.pop("details")

        previous = d.pop("previous")

        hash_ = d.pop("hash")

        entry_shape = cls(
            seq=seq,
            at=at,
            event=event,
            actor=actor,
            subject=subject,
            address=address,
            details=details,
            previous=previous,
            hash_=hash_,
        )

        entry_shape.additional_properties = d
        return entry_shape

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
