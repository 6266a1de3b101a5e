"""JSON: every value says where it stands."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sutazai_agents.documents.parse import parse_text
from sutazai_agents.documents.parsed import Parsed
from tests.unit.librarian.documents import covered


def read(text: str, name: str = "a.json") -> Parsed:
    return covered(parse_text(text, name))


@pytest.mark.requirement("E1", part="parse JSON")
def test_values_bear_their_paths() -> None:
    parsed = read(
        '{"name": "x", "on": true, "none": null, "a": {"b": [{"c": 1.50}, {"d": [1, "two"]}]},'
        ' "empty": {}, "list": [], "name": "again"}'
    )
    assert parsed.text == (
        "name: x\non: true\nnone: null\n\na.b[0].c: 1.50\na.b[1].d: 1, two\n\nempty: {}\n\n"
        "list: []\nname: again"
    )
    assert parsed.media_type == "application/json"


def test_members_of_the_whole_are_blocks() -> None:
    parsed = read(json.dumps([{"n": n, "text": "words"} for n in range(30)]), "data")
    assert len(parsed.blocks) == 30
    assert parsed.text.startswith("[0].n: 0\n[0].text: words\n\n[1].n: 1")


def test_lines_of_json() -> None:
    parsed = read('{"a": 1}\n\n{"a": [2, 3]}\n{"a": {"b": "c"}}\n', "log")
    assert parsed.text == "a: 1\n\na: 2, 3\n\na.b: c"
    assert parsed.media_type == "application/jsonl"
    late = "".join(f'{{"a": {n}}}\n' for n in range(30)) + "cut {\n"
    assert read(late, "log").text.endswith("a: 29\n\ncut {")


def test_numbers_are_kept_as_they_are_written() -> None:
    huge = "1" * 5000
    assert read(f'{{"a": {huge}, "b": 1e999, "c": NaN, "d": -0.10}}').text == (
        f"a: {huge}\nb: 1e999\nc: NaN\nd: -0.10"
    )


def test_long_lists_and_paths_stay_readable() -> None:
    parsed = read(json.dumps({"numbers": list(range(1000))}))
    assert max(map(len, parsed.text.split("\n"))) < 450
    deep: object = {"z": 1}
    for _ in range(50):
        deep = {"a long name of a member": deep}
    line = read(json.dumps(deep)).text
    assert line.startswith("…")
    assert line.endswith(".z: 1")
    assert len(line) < 220


def test_what_is_nested_too_deep_is_left_out_or_read_as_text() -> None:
    assert read('{"a": ' * 300 + "[{}]" + "}" * 300).text.endswith(": …")
    text = "[" * 100_000
    assert read(text).media_type == "text/plain"
    whole = "[" * 100_000 + "]" * 100_000
    assert read(whole).text == whole


@pytest.mark.parametrize("text", ["[link](x) and", "{not json}", "[]", "{}", '{"a": 1} x', "1"])
def test_what_is_no_json_is_text(text: str) -> None:
    assert read(text, "a.txt").text == text


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=20,
)


@given(VALUES)
def test_any_json_is_read(value: object) -> None:
    covered(parse_text(json.dumps(value), "a.json"))
    covered(parse_text(json.dumps(value, ensure_ascii=False, indent=1) + " ", "a.json"))
