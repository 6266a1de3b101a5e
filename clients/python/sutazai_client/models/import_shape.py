from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.import_shape_objects import ImportShapeObjects


T = TypeVar("T", bound="ImportShape")


@_attrs_define
class ImportShape:
    """What an import came to.

    Attributes:
        objects (ImportShapeObjects): Objects that were written, by folder.
        files (int): Files that were stored.
        rebuilds (list[UUID]): Runs that embed what came; it is found once they have ended.
    """

    objects: ImportShapeObjects
    files: int
    rebuilds: list[UUID]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        objects = self.objects.to_dict()

        files = self.files

        rebuilds = []
        for rebuilds_item_data in self.rebuilds:
            rebuilds_item = str(rebuilds_item_data)
            rebuilds.append(rebuilds_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "objects": objects,
                "files": files,
                "rebuilds": rebuilds,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.import_shape_objects import ImportShapeObjects  # noqa: PLC0415

        d = dict(src_dict)
        objects = ImportShapeObjects.from_dict(d.pop("objects"))

        files = d.pop("files")

        rebuilds = []
        _rebuilds = d.pop("rebuilds")
        for rebuilds_item_data in _rebuilds:
            rebuilds_item = UUID(rebuilds_item_data)

            rebuilds.append(rebuilds_item)

        import_shape = cls(
            objects=objects,
            files=files,
            rebuilds=rebuilds,
        )

        import_shape.additional_properties = d
        return import_shape

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
