"""JSON schemas that decoding can be bound to: every string, array and object has an end.

A model whose decoding is bound to a schema without bounds may write one string until its tokens
run out. Bounding is also what makes a schema the same for every runtime: references are put in
place, every declared property is required (a model is asked for all of them, and services that
bind strictly want it so), and no others are allowed.
"""

from collections.abc import Mapping
from typing import Any

from sutazai_contracts.errors import InvalidInput

MAX_STRING = 500
"""Code points of a string that says no bound of its own."""
MAX_ITEMS = 16
"""Items of an array that says no bound of its own."""
MAX_DEPTH = 12
_MAX_NODES = 2000
_KEPT = {
    "string": ("minLength", "maxLength", "pattern", "format"),
    "integer": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "boolean": (),
    "null": (),
    "array": ("minItems", "maxItems"),
    "object": (),
}
_UNBOUND = {
    "allOf",
    "not",
    "if",
    "patternProperties",
    "dependentSchemas",
    "contains",
    "$dynamicRef",
}


def bounded(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Give a schema with bounds where it has none.

    Args:
        schema: JSON Schema (2020-12) of objects, arrays (also of fixed places), strings, numbers,
            booleans, null, `enum`, `const`, `anyOf`, `oneOf`, and `$ref` into itself.

    Returns:
        A schema without references, of the same kinds; all values that it allows, `schema` allows.

    Raises:
        InvalidInput: it refers to itself, allows anything, or says what can't be bounded.
    """
    return _Bounding(schema).node(schema, "$", ())


class _Bounding:
    """One walk over a schema."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._nodes = 0

    def node(self, schema: object, place: str, refs: tuple[str, ...]) -> dict[str, Any]:
        self._nodes += 1
        if self._nodes > _MAX_NODES or place.count(".") + place.count("[") > MAX_DEPTH:
            raise _refused(place, "is nested too deep or too large")
        if not isinstance(schema, Mapping):
            raise _refused(place, "allows anything")
        if "$ref" in schema:
            return self._reference(schema, place, refs)
        unbound = _UNBOUND & set(schema)
        if unbound:
            raise _refused(place, f"uses {', '.join(sorted(unbound))}")
        node = self._content(schema, place, refs)
        if isinstance(schema.get("description"), str):
            node["description"] = schema["description"]
        return node

    def _content(
        self, schema: Mapping[str, Any], place: str, refs: tuple[str, ...]
    ) -> dict[str, Any]:
        if "const" in schema:
            return {"enum": [schema["const"]]}
        if "enum" in schema:
            if not schema["enum"]:
                raise _refused(place, "allows nothing")
            return {"enum": list(schema["enum"])}
        for word in ("anyOf", "oneOf"):
            if word in schema:
                # Of `oneOf`, too, any is fine: what is said twice is valid all the same.
                return {"anyOf": [self.node(option, place, refs) for option in schema[word]]}
        kind = schema.get("type")
        if isinstance(kind, list):
            options = [{**schema, "type": one} for one in kind]
            return {"anyOf": [self.node(option, place, refs) for option in options]}
        if kind not in _KEPT:
            raise _refused(place, "allows anything")
        node = {"type": kind, **{word: schema[word] for word in _KEPT[kind] if word in schema}}
        if kind == "string":
            node.setdefault("maxLength", max(MAX_STRING, schema.get("minLength", 0)))
        elif kind == "array":
            self._array(schema, node, place, refs)
        elif kind == "object":
            self._object(schema, node, place, refs)
        return node

    def _array(
        self, schema: Mapping[str, Any], node: dict[str, Any], place: str, refs: tuple[str, ...]
    ) -> None:
        places = schema.get("prefixItems")
        if places is not None:
            node["prefixItems"] = [
                self.node(item, f"{place}[{number}]", refs) for number, item in enumerate(places)
            ]
            node |= {"items": False, "minItems": len(places), "maxItems": len(places)}
            return
        node["items"] = self.node(schema.get("items"), f"{place}[]", refs)
        node.setdefault("maxItems", max(MAX_ITEMS, schema.get("minItems", 0)))

    def _object(
        self, schema: Mapping[str, Any], node: dict[str, Any], place: str, refs: tuple[str, ...]
    ) -> None:
        properties = schema.get("properties") or {}
        if schema.get("additionalProperties") not in (None, True, False) or not properties:
            raise _refused(place, "is an object of any fields")
        node["properties"] = {
            name: self.node(item, f"{place}.{name}", refs) for name, item in properties.items()
        }
        node["required"] = list(properties)
        node["additionalProperties"] = False

    def _reference(
        self, schema: Mapping[str, Any], place: str, refs: tuple[str, ...]
    ) -> dict[str, Any]:
        name = schema["$ref"]
        if name in refs:
            raise _refused(place, f"refers to itself ({name})")
        found: object = self._root
        for step in str(name).removeprefix("#").split("/")[1:]:
            step = step.replace("~1", "/").replace("~0", "~")
            found = found.get(step) if isinstance(found, Mapping) else None
        if found is None or not str(name).startswith("#"):
            raise _refused(place, f"refers to {name}, which is not in it")
        node = self.node(found, place, (*refs, name))
        if isinstance(schema.get("description"), str):
            node = {**node, "description": schema["description"]}
        return node


def _refused(place: str, why: str) -> InvalidInput:
    return InvalidInput(f"The schema can't be bounded: {place} {why}.", field="schema")
