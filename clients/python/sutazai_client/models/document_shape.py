from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.indexing_status import IndexingStatus

T = TypeVar("T", bound="DocumentShape")


@_attrs_define
class DocumentShape:
    """A document with its newest version and how far it is indexed.

    Attributes:
        id (UUID):
        name (str):
        collection (str):
        version (int):
        status (IndexingStatus): Where the newest version of a document stands.
        size (int): Bytes.
        sha256 (str):
        media_type (None | str):
        title (None | str):
        characters (int | None): Code points of the stored text.
        chunks (int | None):
        error (None | str):
        run (UUID): The run that indexes, or indexed, this version.
        created_at (datetime.datetime):
        indexed_at (datetime.datetime | None):
    """

    id: UUID
    name: str
    collection: str
    version: int
    status: IndexingStatus
    size: int
    sha256: str
    media_type: None | str
    title: None | str
    characters: int | None
    chunks: int | None
    error: None | str
    run: UUID
    created_at: datetime.datetime
    indexed_at: datetime.datetime | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = str(self.id)

        name = self.name

        collection = self.collection

        version = self.version

        status = self.status.value

        size = self.size

        sha256 = self.sha256

        media_type: None | str
        media_type = self.media_type

        title: None | str
        title = self.title

        characters: int | None
        characters = self.characters

        chunks: int | None
        chunks = self.chunks

        error: None | str
        error = self.error

        run = str(self.run)

        created_at = self.created_at.isoformat()

        indexed_at: None | str
        if isinstance(self.indexed_at, datetime.datetime):
            indexed_at = self.indexed_at.isoformat()
        else:
            indexed_at = self.indexed_at

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "name": name,
                "collection": collection,
                "version": version,
                "status": status,
                "size": size,
                "sha256": sha256,
                "media_type": media_type,
                "title": title,
                "characters": characters,
                "chunks": chunks,
                "error": error,
                "run": run,
                "created_at": created_at,
                "indexed_at": indexed_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = UUID(d.pop("id"))

        name = d.pop("name")

        collection = d.pop("collection")

        version = d.pop("version")

        status = IndexingStatus(d.pop("status"))

        size = d.pop("size")

        sha256 = d.pop("sha256")

        def _parse_media_type(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        media_type = _parse_media_type(d.pop("media_type"))

        def _parse_title(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        title = _parse_title(d.pop("title"))

        def _parse_characters(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        characters = _parse_characters(d.pop("characters"))

        def _parse_chunks(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        chunks = _parse_chunks(d.pop("chunks"))

        def _parse_error(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        error = _parse_error(d.pop("error"))

        run = UUID(d.pop("run"))

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        def _parse_indexed_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                indexed_at_type_0 = datetime.datetime.fromisoformat(data)

                return indexed_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        indexed_at = _parse_indexed_at(d.pop("indexed_at"))

        document_shape = cls(
            id=id,
            name=name,
            collection=collection,
            version=version,
            status=status,
            size=size,
            sha256=sha256,
            media_type=media_type,
            title=title,
            characters=characters,
            chunks=chunks,
            error=error,
            run=run,
            created_at=created_at,
            indexed_at=indexed_at,
        )

        document_shape.additional_properties = d
        return document_shape

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
