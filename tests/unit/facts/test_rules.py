"""Dates, numbers, definitions, links, code, and what a sentence names together."""

import pytest

from sutazai_contracts.graph import EntityKind, RelationKind
from tests.unit.facts.reading import facts, keys, read, said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Signed on 3 May 1999.", "1999-05-03"),
        ("Signed on the 3rd of May, 1999.", "1999-05-03"),
        ("Signed on Sept. 12, 2003.", None),
        ("Signed on Sep 12, 2003.", "2003-09-12"),
        ("Signed in May 1999.", "1999-05"),
        ("Signed 1999-05-03.", "1999-05-03"),
        ("Signed on 03.05.1999.", "1999-05-03"),
        ("Signed in 1999.", "1999"),
        ("Signed in the year 1999.", "1999"),
        ("Signed on 45.13.1999.", None),
        ("Room 1999 is free.", None),
        ("It is 12 of 2000 metres.", None),
        ("Port 10.0.1999.4 is open.", None),
    ],
)
def test_dates_are_read_to_iso_8601(text: str, expected: str | None) -> None:
    assert keys(facts(text), EntityKind.DATE) == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It weighs 1,200 kg.", "1200 kg"),
        ("It weighs 1 200 kilograms.", "1200 kg"),
        ("It costs €5.50 a day.", "5.50 eur"),
        ("It costs $ 3 million.", "3 million usd"),
        ("It costs 3 billion dollars.", "3 billion usd"),
        ("It takes 30 ms.", "30 ms"),
        ("It is 5% full.", "5 %"),
        ("It runs at 12 km/h.", "12 km/h"),
        ("It is version 3.11.", None),
        ("It has 12 sides.", None),
        ("It is a 3mm2 thing.", None),
    ],
)
def test_numbers_have_units(text: str, expected: str | None) -> None:
    assert keys(facts(text), EntityKind.NUMBER) == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A berth is a place for a ship.", {("berth", "is_a", "place")}),
        ("- **Trondheim** is a city in Norway.", {("trondheim", "is_a", "city")}),
        ("The engineer Anna Berg was the head.", {("anna berg", "is_a", "head")}),
        ("An outbox row is a promise that is kept.", {("outbox row", "is_a", "promise")}),
        ("It is a place.", set()),
        ("This is a place.", set()),
        ("What is a berth?", set()),
        ("A berth is large.", set()),
        ("One of the things we once said of them is a place.", set()),
    ],
)
def test_what_is_said_to_be_what(text: str, expected: set[tuple[str, str, str]]) -> None:
    assert said(facts(text), RelationKind.IS_A) == expected


def test_a_defined_term_is_found_wherever_it_is_used() -> None:
    _, second, third = read("A berth is a place for a ship.", "Each berth costs.", "A ship sails.")
    assert keys(second.facts, EntityKind.TERM) == ["berth"]
    assert keys(third.facts, EntityKind.TERM) == []


def test_what_a_sentence_names_belongs_together() -> None:
    found = facts("We met Anna Berg in Oslo in 1999. They saw Ole Nilsen, 12 km away.")
    assert said(found) == {
        ("anna berg", "together", "oslo"),
        ("anna berg", "together", "1999"),
        ("oslo", "together", "1999"),
        ("ole nilsen", "together", "12 km"),
    }
    (one,) = {(r.start, r.end) for r in found.relations if found.mentions[r.object].key == "12 km"}
    assert "We met Anna Berg in Oslo in 1999. They saw"[one[0] :].startswith("They saw")


def test_dates_and_numbers_alone_join_nothing() -> None:
    assert said(facts("From 3 May 1999 it was 12 km.")) == set()


def test_links_lead_to_documents_and_to_the_web() -> None:
    text = (
        "See [fees](../other/Fees.md#top), [us](mailto:a@example.org), [here](#up), "
        "https://Example.org/A/ and [that](https://example.org/b#c). See [fees](fees.md)."
    )
    assert said(facts(text), RelationKind.LINKS_TO) == {
        ("guide.md", "links_to", "fees.md"),
        ("guide.md", "links_to", "https://example.org/A"),
        ("guide.md", "links_to", "https://example.org/b"),
    }
    assert said(facts("See [me](guide.md)."), RelationKind.LINKS_TO) == set()
    beside = facts("See [fees](../fees.md).", name="docs:adr:guide.md")
    assert said(beside, RelationKind.LINKS_TO) == {("guide.md", "links_to", "fees.md")}


def test_a_section_is_part_of_the_one_above() -> None:
    (chunk,) = read("Nine euros.", headings=("Guide", "Fees"))
    assert said(chunk.facts, RelationKind.PART_OF) == {
        ("guide.md > guide > fees", "part_of", "guide.md > guide"),
        ("guide.md > guide", "part_of", "guide.md"),
    }


PROGRAM = """\
import os
import a.b as ab
from c.d import thing, other as renamed
from . import near

class Ship:
    def sail(self):
        thing()
        os.getcwd()
        self.sail()
        renamed()

def main():
    Ship()
    unknown()
"""


def test_python_is_read_by_its_grammar() -> None:
    found = facts(PROGRAM, name="ship.py", media_type="text/x-python")
    assert said(found) == {
        ("ship.py", "imports", "os"),
        ("ship.py", "imports", "a.b"),
        ("ship.py", "imports", "c.d"),
        ("ship.py", "imports", "."),
        ("ship.py", "defines", "Ship"),
        ("ship.py", "defines", "Ship.sail"),
        ("ship.py", "defines", "main"),
        ("Ship.sail", "calls", "thing"),
        ("Ship.sail", "calls", "getcwd"),
        ("main", "calls", "Ship"),
    }
    for mention in found.mentions:
        if mention.kind is EntityKind.MODULE:
            assert PROGRAM[mention.start : mention.end] == mention.name


@pytest.mark.parametrize(
    ("line", "media_type", "expected"),
    [
        ("import { a } from './ships'", "typescript", "./ships"),
        ("import './ships.css'", "javascript", "./ships.css"),
        ("const a = require('ships')", "javascript", "ships"),
        ("import org.example.Ship;", "java", "org.example.Ship"),
        ("import static org.example.Ship.sail;", "java", "org.example.Ship.sail"),
        ("using System.Text;", "csharp", "System.Text"),
        ("use std::fmt;", "rust", "std::fmt"),
        ("#include <stdio.h>", "c", "stdio.h"),
        ('#include "ship.h"', "c", "ship.h"),
        ("import 'ships.dart';", "dart", "ships.dart"),
        ("def broken(:\nimport org.example;", "python", "org.example"),
        ("// import nothing", "java", None),
        ("important = 1;", "java", None),
    ],
)
def test_imports_of_other_languages(line: str, media_type: str, expected: str | None) -> None:
    found = facts(line, name="ship", media_type=f"text/x-{media_type}")
    wanted = {("ship", "imports", expected)} if expected else set()
    assert said(found, RelationKind.IMPORTS) == wanted


def test_facts_of_code_are_with_the_chunk_that_says_so() -> None:
    first, second = read("import os", "import sys", name="a.py", media_type="text/x-python")
    assert said(first.facts) == {("a.py", "imports", "os")}
    assert said(second.facts) == {("a.py", "imports", "sys")}
