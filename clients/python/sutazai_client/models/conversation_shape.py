from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="ConversationShape")


@_attrs_define
class ConversationShape:
    """A conversation of whoever asks; nobody else sees it.

    Attributes:
        id (UUID):
        title (None | str): Null until its first question names it.
        collection (str):
        messages (int): How many: a question and its answer are two.
        busy (bool): Whether its last question is still being worked on.
        created_at (datetime.datetime):
        updated_at (datetime.datetime): When its last question was asked.
    """

    id: UUID
    title: None | str
    collection: str
    messages: int
    busy: bool
    created_at: datetime.datetime
    updated_at: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = str(self.id)

        title: None | str
        title = self.title

        collection = self.collection

        messages = self.messages

        busy = self.busy

        created_at = self.created_at.isoformat()

        updated_at = self.updated_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "title": title,
                "collection": collection,
                "messages": messages,
                "busy": busy,
                "created_at": created_at,
                "updated_at": updated_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = UUID(d.pop("id"))

        def _parse_title(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        title = _parse_title(d.pop("title"))

        collection = d.pop("collection")

        messages = d.pop("messages")

        busy = d.pop("busy")

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        updated_at = datetime.datetime.fromisoformat(d.pop("updated_at"))

        conversation_shape = cls(
            id=id,
            title=title,
            collection=collection,
            messages=messages,
            busy=busy,
            created_at=created_at,
            updated_at=updated_at,
        )

        conversation_shape.additional_properties = d
        return conversation_shape

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
