from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.document_shape import DocumentShape
    from ..models.run_shape import RunShape


T = TypeVar("T", bound="UploadShape")


@_attrs_define
class UploadShape:
    """What an upload came to; no run where the same bytes are there under the same name.

    Attributes:
        document (DocumentShape): A document with its newest version and how far it is indexed.
        run (None | RunShape):
    """

    document: DocumentShape
    run: None | RunShape
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.run_shape import RunShape  # noqa: PLC0415

        document = self.document.to_dict()

        run: dict[str, Any] | None
        if isinstance(self.run, RunShape):
            run = self.run.to_dict()
        else:
            run = self.run

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "document": document,
                "run": run,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.document_shape import DocumentShape  # noqa: PLC0415
        from ..models.run_shape import RunShape  # noqa: PLC0415

        d = dict(src_dict)
        document = DocumentShape.from_dict(d.pop("document"))

        def _parse_run(data: object) -> None | RunShape:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                run_type_0 = RunShape.from_dict(data)

                return run_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | RunShape, data)

        run = _parse_run(d.pop("run"))

        upload_shape = cls(
            document=document,
            run=run,
        )

        upload_shape.additional_properties = d
        return upload_shape

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
