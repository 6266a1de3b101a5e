from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.model_shape_provider import ModelShapeProvider

if TYPE_CHECKING:
    from ..models.capabilities import Capabilities
    from ..models.line_shape import LineShape


T = TypeVar("T", bound="ModelShape")


@_attrs_define
class ModelShape:
    """A model, what it can do, and which roles use it.

    Attributes:
        name (str):
        provider (ModelShapeProvider):
        capabilities (Capabilities): What a model can do, as its runtime says or was seen to do.
        digest (None | str):
        size_bytes (int | None):
        parameters (None | str): Number of weights, such as `1.1B`.
        quantization (None | str):
        roles (list[str]): Roles that use it now.
        line (LineShape | None): Null while nobody has asked it since the start.
    """

    name: str
    provider: ModelShapeProvider
    capabilities: Capabilities
    digest: None | str
    size_bytes: int | None
    parameters: None | str
    quantization: None | str
    roles: list[str]
    line: LineShape | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.line_shape import LineShape  # noqa: PLC0415

        name = self.name

        provider = self.provider.value

        capabilities = self.capabilities.to_dict()

        digest: None | str
        digest = self.digest

        size_bytes: int | None
        size_bytes = self.size_bytes

        parameters: None | str
        parameters = self.parameters

        quantization: None | str
        quantization = self.quantization

        roles = self.roles

        line: dict[str, Any] | None
        if isinstance(self.line, LineShape):
            line = self.line.to_dict()
        else:
            line = self.line

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "name": name,
                "provider": provider,
                "capabilities": capabilities,
                "digest": digest,
                "size_bytes": size_bytes,
                "parameters": parameters,
                "quantization": quantization,
                "roles": roles,
                "line": line,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.capabilities import Capabilities  # noqa: PLC0415
        from ..models.line_shape import LineShape  # noqa: PLC0415

        d = dict(src_dict)
        name = d.pop("name")

        provider = ModelShapeProvider(d.pop("provider"))

        capabilities = Capabilities.from_dict(d.pop("capabilities"))

        def _parse_digest(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        digest = _parse_digest(d.pop("digest"))

        def _parse_size_bytes(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        size_bytes = _parse_size_bytes(d.pop("size_bytes"))

        def _parse_parameters(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        parameters = _parse_parameters(d.pop("parameters"))

        def _parse_quantization(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        quantization = _parse_quantization(d.pop("quantization"))

        roles = cast(list[str], d.pop("roles"))

        def _parse_line(data: object) -> LineShape | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                line_type_0 = LineShape.from_dict(data)

                return line_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(LineShape | None, data)

        line = _parse_line(d.pop("line"))

        model_shape = cls(
            name=name,
            provider=provider,
            capabilities=capabilities,
            digest=digest,
            size_bytes=size_bytes,
            parameters=parameters,
            quantization=quantization,
            roles=roles,
            line=line,
        )

        model_shape.additional_properties = d
        return model_shape

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
