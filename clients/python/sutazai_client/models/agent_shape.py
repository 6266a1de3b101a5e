from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.agent_shape_status import AgentShapeStatus

T = TypeVar("T", bound="AgentShape")


@_attrs_define
class AgentShape:
    """An agent: what it can do, and how it does.

    Attributes:
        name (str):
        version (str):
        description (str):
        capabilities (list[str]):
        status (AgentShapeStatus):
        workers (int):
        slots (int):
        busy (int):
        done (int):
        failed (int):
        last_work_at (datetime.datetime | None):
    """

    name: str
    version: str
    description: str
    capabilities: list[str]
    status: AgentShapeStatus
    workers: int
    slots: int
    busy: int
    done: int
    failed: int
    last_work_at: datetime.datetime | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        version = self.version

        description = self.description

        capabilities = self.capabilities

        status = self.status.value

        workers = self.workers

        slots = self.slots

        busy = self.busy

        done = self.done

        failed = self.failed

        last_work_at: None | str
        if isinstance(self.last_work_at, datetime.datetime):
            last_work_at = self.last_work_at.isoformat()
        else:
            last_work_at = self.last_work_at

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "name": name,
                "version": version,
                "description": description,
                "capabilities": capabilities,
                "status": status,
                "workers": workers,
                "slots": slots,
                "busy": busy,
                "done": done,
                "failed": failed,
                "last_work_at": last_work_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        name = d.pop("name")

        version = d.pop("version")

        description = d.pop("description")

        capabilities = cast(list[str], d.pop("capabilities"))

        status = AgentShapeStatus(d.pop("status"))

        workers = d.pop("workers")

        slots = d.pop("slots")

        busy = d.pop("busy")

        done = d.pop("done")

        failed = d.pop("failed")

        def _parse_last_work_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                last_work_at_type_0 = datetime.datetime.fromisoformat(data)

                return last_work_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        last_work_at = _parse_last_work_at(d.pop("last_work_at"))

        agent_shape = cls(
            name=name,
            version=version,
            description=description,
            capabilities=capabilities,
            status=status,
            workers=workers,
            slots=slots,
            busy=busy,
            done=done,
            failed=failed,
            last_work_at=last_work_at,
        )

        agent_shape.additional_properties = d
        return agent_shape

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
