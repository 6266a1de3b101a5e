"""An example of a bounded schema: the smallest value it allows, always the same."""

import json
from collections.abc import Mapping
from typing import Any

_FORMATS = {
    "date": "2000-01-01",
    "time": "00:00:00Z",
    "date-time": "2000-01-01T00:00:00Z",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def example(schema: Mapping[str, Any]) -> str:
    """Write the JSON of a value that a schema of `sutazai_kit.model.schema.bounded` allows."""
    return json.dumps(_value(schema), ensure_ascii=False)


def _value(schema: Mapping[str, Any]) -> Any:
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return _value(schema["anyOf"][0])
    match schema["type"]:
        case "object":
            return {name: _value(item) for name, item in schema["properties"].items()}
        case "array":
            places = schema.get("prefixItems")
            if places is not None:
                return [_value(item) for item in places]
            return [_value(schema["items"]) for _ in range(schema.get("minItems", 0))]
        case "string":
            return _FORMATS.get(schema.get("format", ""), "x" * schema.get("minLength", 0))
        case "integer" | "number":
            return _number(schema)
        case "boolean":
            return False
    return None


def _number(schema: Mapping[str, Any]) -> Any:
    least = schema.get("minimum", schema.get("exclusiveMinimum"))
    if least is not None:
        return least if "minimum" in schema else least + 1
    most = schema.get("maximum", schema.get("exclusiveMaximum", 1))
    return min(0, most - 1)
