"""A bounded JSON schema as a grammar of llama.cpp (GBNF).

llama.cpp binds decoding to a schema by llguidance, which refuses models with a SentencePiece
vocabulary that puts a space in front (`add_space_prefix`), TinyLlama among them. Its own grammar
engine takes every model, and this writes what that one reads. Format:
https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md

JSON is written without white space. What a grammar can't say (`pattern`, `multipleOf`, bounds of
numbers but for small ranges of integers) is left to validation.
"""

import json
from collections.abc import Mapping
from typing import Any

_RANGE = 256
_BASIC = {
    "char": r'[^"\\\x00-\x1f\x7f] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F]{4})',
    "integral": '"0" | [1-9] [0-9]{0,14}',
    "integer": '"-"? integral',
    "number": 'integer ("." [0-9]{1,15})? ([eE] [-+]? [0-9]{1,2})?',
    "boolean": '"true" | "false"',
    "null": '"null"',
    "date": '[0-9]{4} "-" ("0" [1-9] | "1" [0-2]) "-" ("0" [1-9] | "1" [0-9] | "2" [0-8])',
    "time": '("0" [0-9] | "1" [0-9] | "2" [0-3]) ":" [0-5] [0-9] ":" [0-5] [0-9] "Z"',
    "date-time": 'date "T" time',
    "uuid": '[0-9a-f]{8} "-" [0-9a-f]{4} "-" [0-9a-f]{4} "-" [0-9a-f]{4} "-" [0-9a-f]{12}',
}
_FORMATS = ("date", "time", "date-time", "uuid")


def gbnf(schema: Mapping[str, Any]) -> str:
    """Write the grammar of a schema that `sutazai_kit.model.schema.bounded` gave."""
    writer = _Writer()
    rules = {"root": writer.rule(schema), **writer.rules, **_BASIC}
    return "".join(f"{name} ::= {body}\n" for name, body in rules.items())


class _Writer:
    """Rules by name, as they come up."""

    def __init__(self) -> None:
        self.rules: dict[str, str] = {}

    def rule(self, schema: Mapping[str, Any]) -> str:
        if "enum" in schema:
            return " | ".join(_literal(value) for value in schema["enum"])
        if "anyOf" in schema:
            return " | ".join(self._named(option) for option in schema["anyOf"])
        kind = schema["type"]
        if kind == "string":
            return _string(schema)
        if kind == "integer":
            return _integer(schema)
        if kind == "array":
            return self._array(schema)
        if kind == "object":
            return self._object(schema["properties"])
        return str(kind)

    def _named(self, schema: Mapping[str, Any]) -> str:
        """Keep a rule under a name of its own, so that alternatives stay together."""
        name = f"r{len(self.rules)}"
        self.rules[name] = ""
        self.rules[name] = self.rule(schema)
        return name

    def _object(self, properties: Mapping[str, Any]) -> str:
        fields = [f'{_literal(name)} ":" {self._named(item)}' for name, item in properties.items()]
        return '"{" ' + ' "," '.join(fields) + ' "}"'

    def _array(self, schema: Mapping[str, Any]) -> str:
        places = schema.get("prefixItems")
        if places is not None:
            return '"[" ' + ' "," '.join(self._named(item) for item in places) + ' "]"'
        least, most = schema.get("minItems", 0), schema["maxItems"]
        if most == 0:
            return '"[]"'
        item = self._named(schema["items"])
        items = f'{item} ("," {item}){{{max(0, least - 1)},{most - 1}}}'
        return f'"[" {items} "]"' if least else f'"[" ({items})? "]"'


def _string(schema: Mapping[str, Any]) -> str:
    form = schema.get("format")
    if form in _FORMATS:
        return f'"\\"" {form} "\\""'
    return f'"\\"" char{{{schema.get("minLength", 0)},{schema["maxLength"]}}} "\\""'


def _integer(schema: Mapping[str, Any]) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is None and "exclusiveMinimum" in schema:
        least = schema["exclusiveMinimum"] + 1
    if most is None and "exclusiveMaximum" in schema:
        most = schema["exclusiveMaximum"] - 1
    if least is not None and most is not None and 0 <= most - least <= _RANGE:
        return " | ".join(f'"{number}"' for number in range(int(least), int(most) + 1))
    return "integral" if least is not None and least >= 0 else "integer"


def _literal(value: object) -> str:
    """Write a value's JSON as a GBNF literal."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
