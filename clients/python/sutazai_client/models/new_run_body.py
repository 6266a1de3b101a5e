from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="NewRunBody")


@_attrs_define
class NewRunBody:
    """A goal to work on.

    Attributes:
        goal (str):
        collection (str | Unset):  Default: 'default'.
        workflow (str | Unset):  Default: 'answer'.
        graph (bool | Unset): Whether passages that are joined to the best ones, by what both name, are among those that
            the question is answered from; 422 where the workflow can't ask the graph. Default: False.
    """

    goal: str
    collection: str | Unset = "default"
    workflow: str | Unset = "answer"
    graph: bool | Unset = False

    def to_dict(self) -> dict[str, Any]:
        goal = self.goal

        collection = self.collection

        workflow = self.workflow

        graph = self.graph

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "goal": goal,
            }
        )
        if collection is not UNSET:
            field_dict["collection"] = collection
        if workflow is not UNSET:
            field_dict["workflow"] = workflow
        if graph is not UNSET:
            field_dict["graph"] = graph

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        goal = d.pop("goal")

        collection = d.pop("collection", UNSET)

        workflow = d.pop("workflow", UNSET)

        graph = d.pop("graph", UNSET)

        new_run_body = cls(
            goal=goal,
            collection=collection,
            workflow=workflow,
            graph=graph,
        )

        return new_run_body
