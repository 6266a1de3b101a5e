from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="NewMessage")


@_attrs_define
class NewMessage:
    """A question, asked in the context of what was said before.

    Attributes:
        goal (str):
        collection (None | str | Unset): Unset: the conversation's own.
        workflow (str | Unset):  Default: 'answer'.
        graph (bool | Unset): Whether passages that are joined to the best ones, by what both name, are among those that
            the question is answered from; 422 where the workflow can't ask the graph. Default: False.
    """

    goal: str
    collection: None | str | Unset = UNSET
    workflow: str | Unset = "answer"
    graph: bool | Unset = False

    def to_dict(self) -> dict[str, Any]:
        goal = self.goal

        collection: None | str | Unset
        if isinstance(self.collection, Unset):
            collection = UNSET
        else:
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

        def _parse_collection(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        collection = _parse_collection(d.pop("collection", UNSET))

        workflow = d.pop("workflow", UNSET)

        graph = d.pop("graph", UNSET)

        new_message = cls(
            goal=goal,
            collection=collection,
            workflow=workflow,
            graph=graph,
        )

        return new_message
