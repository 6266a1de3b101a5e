from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.models_shape_state import ModelsShapeState

if TYPE_CHECKING:
    from ..models.model_shape import ModelShape
    from ..models.models_shape_roles import ModelsShapeRoles
    from ..models.runtime_shape import RuntimeShape
    from ..models.use_shape import UseShape


T = TypeVar("T", bound="ModelsShape")


@_attrs_define
class ModelsShape:
    """The models that are here.

    Attributes:
        state (ModelsShapeState): `no_runtime`: none answers; `no_model`: it has none that writes. Answers are extracts
            then.
        runtime (None | RuntimeShape):
        advice (str): How to get a model, or a better one.
        models (list[ModelShape]):
        roles (ModelsShapeRoles): The model of each role; null: none can.
        used_last_day (list[UseShape]): By this tenant, in the last 24 hours.
    """

    state: ModelsShapeState
    runtime: None | RuntimeShape
    advice: str
    models: list[ModelShape]
    roles: ModelsShapeRoles
    used_last_day: list[UseShape]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.runtime_shape import RuntimeShape  # noqa: PLC0415

        state = self.state.value

        runtime: dict[str, Any] | None
        if isinstance(self.runtime, RuntimeShape):
            runtime = self.runtime.to_dict()
        else:
            runtime = self.runtime

        advice = self.advice

        models = []
        for models_item_data in self.models:
            models_item = models_item_data.to_dict()
            models.append(models_item)

        roles = self.roles.to_dict()

        used_last_day = []
        for used_last_day_item_data in self.used_last_day:
            used_last_day_item = used_last_day_item_data.to_dict()
            used_last_day.append(used_last_day_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "state": state,
                "runtime": runtime,
                "advice": advice,
                "models": models,
                "roles": roles,
                "used_last_day": used_last_day,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.model_shape import ModelShape  # noqa: PLC0415
        from ..models.models_shape_roles import ModelsShapeRoles  # noqa: PLC0415
        from ..models.runtime_shape import RuntimeShape  # noqa: PLC0415
        from ..models.use_shape import UseShape  # noqa: PLC0415

        d = dict(src_dict)
        state = ModelsShapeState(d.pop("state"))

        def _parse_runtime(data: object) -> None | RuntimeShape:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                runtime_type_0 = RuntimeShape.from_dict(data)

                return runtime_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | RuntimeShape, data)

        runtime = _parse_runtime(d.pop("runtime"))

        advice = d.pop("advice")

        models = []
        _models = d.pop("models")
        for models_item_data in _models:
            models_item = ModelShape.from_dict(models_item_data)

            models.append(models_item)

        roles = ModelsShapeRoles.from_dict(d.pop("roles"))

        used_last_day = []
        _used_last_day = d.pop("used_last_day")
        for used_last_day_item_data in _used_last_day:
            used_last_day_item = UseShape.from_dict(used_last_day_item_data)

            used_last_day.append(used_last_day_item)

        models_shape = cls(
            state=state,
            runtime=runtime,
            advice=advice,
            models=models,
            roles=roles,
            used_last_day=used_last_day,
        )

        models_shape.additional_properties = d
        return models_shape

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
