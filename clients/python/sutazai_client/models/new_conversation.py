from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="NewConversation")


@_attrs_define
class NewConversation:
    """A conversation to make.

    Attributes:
        title (None | str | Unset): Unset: the first question becomes its title.
        collection (str | Unset): Which documents its questions are put to. Default: 'default'.
    """

    title: None | str | Unset = UNSET
    collection: str | Unset = "default"

    def to_dict(self) -> dict[str, Any]:
        title: None | str | Unset
        if isinstance(self.title, Unset):
            title = UNSET
        else:
            title = self.title

        collection = self.collection

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if title is not UNSET:
            field_dict["title"] = title
        if collection is not UNSET:
            field_dict["collection"] = collection

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_title(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        title = _parse_title(d.pop("title", UNSET))

        collection = d.pop("collection", UNSET)

        new_conversation = cls(
            title=title,
            collection=collection,
        )

        return new_conversation
