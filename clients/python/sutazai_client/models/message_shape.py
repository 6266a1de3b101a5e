from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.message_shape_kind_type_0 import MessageShapeKindType0
from ..models.message_shape_role import MessageShapeRole
from ..models.run_status import RunStatus

if TYPE_CHECKING:
    from ..models.citation import Citation
    from ..models.context_use import ContextUse


T = TypeVar("T", bound="MessageShape")


@_attrs_define
class MessageShape:
    """A question, or the answer to the one before it.

    Attributes:
        id (UUID):
        number (int): Its place in the conversation, from 1.
        role (MessageShapeRole):
        text (str):
        run (None | UUID): The run that works, or worked, on the question.
        status (None | RunStatus): Of an answer: how its run ended.
        kind (MessageShapeKindType0 | None):
        grounded (bool | None):
        confidence (int | None): 1 to 10.
        citations (list[Citation]):
        error (None | str): Why there is no answer.
        context (ContextUse | None): How much of what was said before the question was asked with.
        created_at (datetime.datetime):
    """

    id: UUID
    number: int
    role: MessageShapeRole
    text: str
    run: None | UUID
    status: None | RunStatus
    kind: MessageShapeKindType0 | None
    grounded: bool | None
    confidence: int | None
    citations: list[Citation]
    error: None | str
    context: ContextUse | None
    created_at: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.context_use import ContextUse  # noqa: PLC0415

        id = str(self.id)

        number = self.number

        role = self.role.value

        text = self.text

        run: None | str
        if isinstance(self.run, UUID):
            run = str(self.run)
        else:
            run = self.run

        status: None | str
        if isinstance(self.status, RunStatus):
            status = self.status.value
        else:
            status = self.status

        kind: None | str
        if isinstance(self.kind, MessageShapeKindType0):
            kind = self.kind.value
        else:
            kind = self.kind

        grounded: bool | None
        grounded = self.grounded

        confidence: int | None
        confidence = self.confidence

        citations = []
        for citations_item_data in self.citations:
            citations_item = citations_item_data.to_dict()
            citations.append(citations_item)

        error: None | str
        error = self.error

        context: dict[str, Any] | None
        if isinstance(self.context, ContextUse):
            context = self.context.to_dict()
        else:
            context = self.context

        created_at = self.created_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "number": number,
                "role": role,
                "text": text,
                "run": run,
                "status": status,
                "kind": kind,
                "grounded": grounded,
                "confidence": confidence,
                "citations": citations,
                "error": error,
                "context": context,
                "created_at": created_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.citation import Citation  # noqa: PLC0415
        from ..models.context_use import ContextUse  # noqa: PLC0415

        d = dict(src_dict)
        id = UUID(d.pop("id"))

        number = d.pop("number")

        role = MessageShapeRole(d.pop("role"))

        text = d.pop("text")

        def _parse_run(data: object) -> None | UUID:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                run_type_0 = UUID(data)

                return run_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | UUID, data)

        run = _parse_run(d.pop("run"))

        def _parse_status(data: object) -> None | RunStatus:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                status_type_0 = RunStatus(data)

                return status_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | RunStatus, data)

        status = _parse_status(d.pop("status"))

        def _parse_kind(data: object) -> MessageShapeKindType0 | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                kind_type_0 = MessageShapeKindType0(data)

                return kind_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(MessageShapeKindType0 | None, data)

        kind = _parse_kind(d.pop("kind"))

        def _parse_grounded(data: object) -> bool | None:
            if data is None:
                return data
            return cast(bool | None, data)

        grounded = _parse_grounded(d.pop("grounded"))

        def _parse_confidence(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        confidence = _parse_confidence(d.pop("confidence"))

        citations = []
        _citations = d.pop("citations")
        for citations_item_data in _citations:
            citations_item = Citation.from_dict(citations_item_data)

            citations.append(citations_item)

        def _parse_error(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        error = _parse_error(d.pop("error"))

        def _parse_context(data: object) -> ContextUse | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                context_type_0 = ContextUse.from_dict(data)

                return context_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(ContextUse | None, data)

        context = _parse_context(d.pop("context"))

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        message_shape = cls(
            id=id,
            number=number,
            role=role,
            text=text,
            run=run,
            status=status,
            kind=kind,
            grounded=grounded,
            confidence=confidence,
            citations=citations,
            error=error,
            context=context,
            created_at=created_at,
        )

        message_shape.additional_properties = d
        return message_shape

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
