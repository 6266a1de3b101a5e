"""Schemas are bounded, or refused; grammars and examples are written of bounded ones."""

import json
import re
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from pydantic import BaseModel, Field

from sutazai_contracts.errors import InvalidInput
from sutazai_kit.model.example import example
from sutazai_kit.model.grammar import gbnf
from sutazai_kit.model.schema import MAX_ITEMS, MAX_STRING, bounded


class Colour(StrEnum):
    """An enumeration."""

    RED = "red"
    BLUE = 'b"lue'


class Place(BaseModel):
    """Used twice."""

    name: str = Field(min_length=2, description="What it is called.")
    at: tuple[float, int]


class Journey(BaseModel):
    """Everything a schema may hold."""

    start: Place
    stops: list[Place] = Field(min_length=1, max_length=3)
    colour: Colour
    kind: Literal["sea"] = "sea"
    note: str | None = None
    level: int = Field(default=3, ge=1, le=5)
    below: int = Field(gt=-4, lt=4)
    weight: float = Field(ge=0.5)
    depth: float = Field(lt=-2)
    certain: bool = True
    day: date
    when: datetime
    id: UUID
    none: None = None
    tags: list[str] = []


class Tree(BaseModel):
    """Refers to itself."""

    children: list["Tree"]


def walk(node: Any) -> list[dict[str, Any]]:
    """List all schemas in a schema."""
    if isinstance(node, list):
        return [found for item in node for found in walk(item)]
    if not isinstance(node, dict):
        return []
    inner = [found for key, value in node.items() if key != "enum" for found in walk(value)]
    return [node, *inner]


def test_everything_gets_an_end() -> None:
    form = bounded(Journey.model_json_schema())
    for node in walk(form):
        assert "$ref" not in node
        if node.get("type") == "string":
            assert node["maxLength"] == MAX_STRING
        if node.get("type") == "array":
            assert node["maxItems"] in (2, 3, MAX_ITEMS)
        if node.get("type") == "object":
            assert node["additionalProperties"] is False
            assert node["required"] == list(node["properties"])
    assert form["properties"]["start"]["properties"]["name"]["description"] == "What it is called."
    Draft202012Validator.check_schema(form)


def test_a_bound_that_is_there_stays() -> None:
    told = {"type": "string", "maxLength": 7, "pattern": "^a", "title": "T", "default": "x"}
    assert bounded(told) == {"type": "string", "maxLength": 7, "pattern": "^a"}
    assert bounded({"type": "string", "minLength": 900})["maxLength"] == 900


def test_the_example_of_a_bounded_schema_is_valid() -> None:
    form = bounded(Journey.model_json_schema())
    text = example(form)
    Draft202012Validator(form).validate(json.loads(text))
    journey = Journey.model_validate_json(text)
    assert (journey.level, journey.below, journey.kind) == (1, -3, "sea")


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        (Tree.model_json_schema(), "refers to itself"),
        ({"$ref": "#/$defs/x"}, "which is not in it"),
        ({"$ref": "https://example.org/x"}, "which is not in it"),
        ({}, "allows anything"),
        ({"type": "object"}, "any fields"),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "any fields"),
        ({"type": "array"}, "allows anything"),
        ({"type": "array", "items": True}, "allows anything"),
        ({"enum": []}, "allows nothing"),
        ({"allOf": [{"type": "string"}]}, "uses allOf"),
        ({"type": "object", "patternProperties": {"x": {}}}, "uses patternProperties"),
    ],
)
def test_what_has_no_end_is_refused(schema: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidInput, match=re.escape(why)) as refused:
        bounded(schema)
    assert refused.value.field == "schema"


def test_depth_and_size_have_an_end() -> None:
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(20):
        deep = {"type": "array", "items": deep}
    with pytest.raises(InvalidInput, match="too deep"):
        bounded(deep)
    # Each definition holds the one before twice: 2^14 nodes of 15 definitions.
    definitions: dict[str, Any] = {"d0": {"type": "string"}}
    for number in range(1, 15):
        inner = {"$ref": f"#/$defs/d{number - 1}"}
        definitions[f"d{number}"] = {"anyOf": [inner, inner]}
    with pytest.raises(InvalidInput, match="too large"):
        bounded({"$defs": definitions, "$ref": "#/$defs/d14"})


def test_names_in_references_are_unescaped() -> None:
    told = {"$ref": "#/$defs/a~1b~0c", "$defs": {"a/b~c": {"type": "null"}}, "description": "n"}
    assert bounded(told) == {"type": "null", "description": "n"}


@pytest.mark.parametrize(
    ("schema", "rule"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 3}, '"1" | "2" | "3"'),
        ({"type": "integer", "exclusiveMinimum": 1, "exclusiveMaximum": 3}, '"2"'),
        ({"type": "integer", "minimum": 0}, "integral"),
        ({"type": "integer"}, "integer"),
        ({"type": "integer", "minimum": -5000, "maximum": 5000}, "integer"),
        ({"type": "number"}, "number"),
        ({"enum": ['a"b', 1, None]}, r'"\"a\\\"b\"" | "1" | "null"'),
        ({"type": "string", "maxLength": 4, "minLength": 2}, r'"\"" char{2,4} "\""'),
        ({"type": "string", "maxLength": 40, "format": "date"}, r'"\"" date "\""'),
        ({"type": "array", "items": {"type": "null"}, "maxItems": 0}, '"[]"'),
    ],
)
def test_a_grammar_says_what_the_schema_says(schema: dict[str, Any], rule: str) -> None:
    assert gbnf(schema).splitlines()[0] == f"root ::= {rule}"


def test_a_grammar_has_every_rule_that_it_names() -> None:
    written = gbnf(bounded(Journey.model_json_schema()))
    rules = dict(line.split(" ::= ", 1) for line in written.splitlines())
    for body in rules.values():
        bare = re.sub(r'"(?:[^"\\]|\\.)*"|\[(?:[^\]\\]|\\.)*\]|\{[0-9,]+\}', " ", body)
        assert set(re.findall(r"[a-z][a-z0-9-]*", bare)) <= set(rules)
