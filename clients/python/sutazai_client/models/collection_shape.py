from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.embedding_model import EmbeddingModel


T = TypeVar("T", bound="CollectionShape")


@_attrs_define
class CollectionShape:
    """A named set of documents that is searched as one.

    Attributes:
        id (UUID):
        name (str):
        model (EmbeddingModel): Which model made a vector; a collection keeps it and refuses another.
        documents (int):
        chunks (int):
        created_at (datetime.datetime):
    """

    id: UUID
    name: str
    model: EmbeddingModel
    documents: int
    chunks: int
    created_at: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = str(self.id)

        name = self.name

        model = self.model.to_dict()

        documents = self.documents

        chunks = self.chunks

        created_at = self.created_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "name": name,
                "model": model,
                "documents": documents,
                "chunks": chunks,
                "created_at": created_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.embedding_model import EmbeddingModel  # noqa: PLC0415

        d = dict(src_dict)
        id = UUID(d.pop("id"))

        name = d.pop("name")

        model = EmbeddingModel.from_dict(d.pop("model"))

        documents = d.pop("documents")

        chunks = d.pop("chunks")

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        collection_shape = cls(
            id=id,
            name=name,
            model=model,
            documents=documents,
            chunks=chunks,
            created_at=created_at,
        )

        collection_shape.additional_properties = d
        return collection_shape

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
