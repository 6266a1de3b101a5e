from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.step_shape_status import StepShapeStatus

if TYPE_CHECKING:
    from ..models.step_shape_input_type_0 import StepShapeInputType0
    from ..models.step_shape_output_type_0 import StepShapeOutputType0
    from ..models.step_shape_usage import StepShapeUsage


T = TypeVar("T", bound="StepShape")


@_attrs_define
class StepShape:
    """A step of a run.

    Attributes:
        id (str):
        agent (str):
        needs (list[str]):
        status (StepShapeStatus):
        attempts (int):
        task (None | UUID):
        started_at (datetime.datetime | None):
        finished_at (datetime.datetime | None):
        error (None | str):
        input_ (None | StepShapeInputType0): Null until what it needs is done.
        output (None | StepShapeOutputType0):
        usage (StepShapeUsage):
        kept (bool): Whether it succeeded in the run that this one retries, and was not worked again; it then has no
            attempts.
    """

    id: str
    agent: str
    needs: list[str]
    status: StepShapeStatus
    attempts: int
    task: None | UUID
    started_at: datetime.datetime | None
    finished_at: datetime.datetime | None
    error: None | str
    input_: None | StepShapeInputType0
    output: None | StepShapeOutputType0
    usage: StepShapeUsage
    kept: bool
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.step_shape_input_type_0 import StepShapeInputType0  # noqa: PLC0415
        from ..models.step_shape_output_type_0 import StepShapeOutputType0  # noqa: PLC0415

        id = self.id

        agent = self.agent

        needs = self.needs

        status = self.status.value

        attempts = self.attempts

        task: None | str
        if isinstance(self.task, UUID):
            task = str(self.task)
        else:
            task = self.task

        started_at: None | str
        if isinstance(self.started_at, datetime.datetime):
            started_at = self.started_at.isoformat()
        else:
            started_at = self.started_at

        finished_at: None | str
        if isinstance(self.finished_at, datetime.datetime):
            finished_at = self.finished_at.isoformat()
        else:
            finished_at = self.finished_at

        error: None | str
        error = self.error

        input_: dict[str, Any] | None
        if isinstance(self.input_, StepShapeInputType0):
            input_ = self.input_.to_dict()
        else:
            input_ = self.input_

        output: dict[str, Any] | None
        if isinstance(self.output, StepShapeOutputType0):
            output = self.output.to_dict()
        else:
            output = self.output

        usage = self.usage.to_dict()

        kept = self.kept

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "agent": agent,
                "needs": needs,
                "status": status,
                "attempts": attempts,
                "task": task,
                "started_at": started_at,
                "finished_at": finished_at,
                "error": error,
                "input": input_,
                "output": output,
                "usage": usage,
                "kept": kept,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.step_shape_input_type_0 import StepShapeInputType0  # noqa: PLC0415
        from ..models.step_shape_output_type_0 import StepShapeOutputType0  # noqa: PLC0415
        from ..models.step_shape_usage import StepShapeUsage  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

        agent = d.pop("agent")

        needs = cast(list[str], d.pop("needs"))

        status = StepShapeStatus(d.pop("status"))

        attempts = d.pop("attempts")

        def _parse_task(data: object) -> None | UUID:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                task_type_0 = UUID(data)

                return task_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | UUID, data)

        task = _parse_task(d.pop("task"))

        def _parse_started_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                started_at_type_0 = datetime.datetime.fromisoformat(data)

                return started_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        started_at = _parse_started_at(d.pop("started_at"))

        def _parse_finished_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                finished_at_type_0 = datetime.datetime.fromisoformat(data)

                return finished_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        finished_at = _parse_finished_at(d.pop("finished_at"))

        def _parse_error(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        error = _parse_error(d.pop("error"))

        def _parse_input_(data: object) -> None | StepShapeInputType0:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                input_type_0 = StepShapeInputType0.from_dict(data)

                return input_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | StepShapeInputType0, data)

        input_ = _parse_input_(d.pop("input"))

        def _parse_output(data: object) -> None | StepShapeOutputType0:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                output_type_0 = StepShapeOutputType0.from_dict(data)

                return output_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | StepShapeOutputType0, data)

        output = _parse_output(d.pop("output"))

        usage = StepShapeUsage.from_dict(d.pop("usage"))

        kept = d.pop("kept")

        step_shape = cls(
            id=id,
            agent=agent,
            needs=needs,
            status=status,
            attempts=attempts,
            task=task,
            started_at=started_at,
            finished_at=finished_at,
            error=error,
            input_=input_,
            output=output,
            usage=usage,
            kept=kept,
        )

        step_shape.additional_properties = d
        return step_shape

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
