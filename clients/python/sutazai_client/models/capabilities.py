from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="Capabilities")


@_attrs_define
class Capabilities:
    """What a model can do, as its runtime says or was seen to do.

    Attributes:
        context_tokens (int | None): Longest context it was made for; None: unsaid.
        json_schema (bool): Whether decoding can be bound to a JSON schema.
        completion (bool | Unset):  Default: True.
        tools (bool | Unset):  Default: False.
        embeddings (bool | Unset):  Default: False.
    """

    context_tokens: int | None
    json_schema: bool
    completion: bool | Unset = True
    tools: bool | Unset = False
    embeddings: bool | Unset = False
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        context_tokens: int | None
        context_tokens = self.context_tokens

        json_schema = self.json_schema

        completion = self.completion

        tools = self.tools

        embeddings = self.embeddings

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "context_tokens": context_tokens,
                "json_schema": json_schema,
            }
        )
        if completion is not UNSET:
            field_dict["completion"] = completion
        if tools is not UNSET:
            field_dict["tools"] = tools
        if embeddings is not UNSET:
            field_dict["embeddings"] = embeddings

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_context_tokens(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        context_tokens = _parse_context_tokens(d.pop("context_tokens"))

        json_schema = d.pop("json_schema")

        completion = d.pop("completion", UNSET)

        tools = d.pop("tools", UNSET)

        embeddings = d.pop("embeddings", UNSET)

        capabilities = cls(
            context_tokens=context_tokens,
            json_schema=json_schema,
            completion=completion,
            tools=tools,
            embeddings=embeddings,
        )

        capabilities.additional_properties = d
        return capabilities

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
