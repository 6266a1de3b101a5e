"""Source code: the text stays, blocks stand under what they define."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sutazai_agents.documents.parse import parse_text
from sutazai_agents.documents.parsed import Parsed
from tests.unit.librarian.documents import covered

PYTHON = '''"""A module."""

import os

TEXT = """
def not_one(): pass
"""


# About the class.
@decorated(
    1
)
class Runner(Base):
    """Runs."""

    name = "x"

    @property
    def state(self):
        return 1

    async def drain(self):
        def inner():
            pass


def main():
    return Runner()


if __name__ == "__main__":
    main()
'''
GO = """package main

import "fmt"

// Runner runs.
type Runner struct {
\tname string
}

// Drain ends it.
func (r *Runner) Drain(ctx context.Context) error {
\tif r.name == "" {
\t\treturn nil
\t}
\treturn nil
}

func main() {
\tfmt.Println("x")
}
"""
JAVA = """package a.b;

import java.util.List;

/** Counts. */
public final class Counter<T> extends Base {
    private int count = 0;

    public static int add(int a, int b) {
        return a + b;
    }

    @Override
    public List<String> names() {
        for (int i = 0; i < 3; i++) {
            add(i, 1);
        }
        return null;
    }
}

interface Other {
}
"""
SCRIPT = """const limit = 3;

export const add = (a, b) => a + b;

function main() {
  add(1, 2);
}

export default class Store {
  constructor(name) {
    this.name = name;
  }
  async load(id) {
    return fetch(id);
  }
}

main();
"""
C = """#include <stdio.h>

static int counter = 0;

/* Adds. */
int add(int a, int b)
{
    return a + b;
}

struct point {
    int x;
};

int main(void) {
    return add(1, 2);
}
"""
RUST = """use std::fmt;

pub struct Point { x: i32 }

impl Point {
    pub fn new(x: i32) -> Self {
        Point { x }
    }
}

#[test]
fn works() {
    assert!(true);
}
"""
SHELL = """#!/usr/bin/env bash
set -e

greet() {
  echo "hi"
}

greet
"""
SQL = "CREATE TABLE runs (\n  id uuid\n);\n\ncreate or replace function f() as $$\n$$;\n"
RUBY = "module Harbour\n  class Ship\n    def sail\n    end\n  end\nend\n\ndef go\n  1\nend\n"


def read(text: str, name: str) -> Parsed:
    parsed = covered(parse_text(text, name))
    assert parsed.text == text
    return parsed


def path_of(parsed: Parsed, words: str) -> tuple[str, ...]:
    """Give what the block that holds some words stands under."""
    return next(
        block.heading_path
        for block in parsed.blocks
        if words in parsed.text[block.start : block.end]
    )


@pytest.mark.requirement("E1", part="parse code")
@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        (
            PYTHON,
            "a.py",
            {
                "import os": (),
                "not_one": (),
                "# About": ("Runner",),
                '"""Runs."""': ("Runner",),
                "@property": ("Runner", "state"),
                "def inner": ("Runner", "drain"),
                "return Runner()": ("main",),
                "__name__": (),
            },
        ),
        (
            GO,
            "a.go",
            {
                "import": (),
                "// Runner runs": ("Runner",),
                "r.name ==": ("Drain",),
                "// Drain": ("Drain",),
                "Println": ("main",),
            },
        ),
        (
            JAVA,
            "A.java",
            {
                "import": (),
                "/** Counts": ("Counter",),
                "int count": ("Counter",),
                "a + b": ("Counter", "add"),
                "@Override": ("Counter", "names"),
                "add(i, 1)": ("Counter", "names"),
                "interface Other": ("Other",),
            },
        ),
        (
            SCRIPT,
            "a.js",
            {
                "const limit": (),
                "=> a + b": ("add",),
                "add(1, 2)": ("main",),
                "class Store": ("Store",),
                "this.name": ("Store", "constructor"),
                "fetch": ("Store", "load"),
                "main();": (),
            },
        ),
        (
            C,
            "a.c",
            {
                "#include": (),
                "/* Adds": ("add",),
                "return a + b": ("add",),
                "int x": ("point",),
                "add(1, 2)": ("main",),
            },
        ),
        (RUST, "a.rs", {"Point { x }": ("Point", "new"), "#[test]": ("works",)}),
        (SHELL, "run", {"set -e": (), 'echo "hi"': ("greet",)}),
        (SQL, "a.sql", {"id uuid": ("runs",), "or replace": ("f",)}),
        (RUBY, "a.rb", {"def sail": ("Harbour", "Ship"), "def go": ("go",)}),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 9 else "",
)
def test_definitions(text: str, name: str, expected: dict[str, tuple[str, ...]]) -> None:
    parsed = read(text, name)
    assert {words: path_of(parsed, words) for words in expected} == expected


@pytest.mark.parametrize(
    ("text", "name", "media_type"),
    [
        (PYTHON, "a.py", "text/x-python"),
        ("#!/usr/bin/python3 -u\nprint(1)\n", "tool", "text/x-python"),
        ("#!/usr/bin/env node\nrun()\n", "tool", "text/x-javascript"),
        ("all:\n\ttrue\n", "Makefile", "text/x-makefile"),
        ("<!doctype html><p>x</p>", "a.py", "text/html"),
        ("print 1, 2\n", "old.py", "text/x-python"),
    ],
)
def test_the_language_is_told(text: str, name: str, media_type: str) -> None:
    assert parse_text(text, name).media_type == media_type


def test_python_of_another_time_is_read_by_its_lines() -> None:
    parsed = read("class Old:\n    def a(self):\n        print 'x'\n\nprint 'end'\n", "a.py")
    assert path_of(parsed, "print 'x'") == ("Old", "a")
    assert path_of(parsed, "print 'end'") == ()


def test_five_megabytes_in_one_line() -> None:
    parsed = read("var a=function(b){return b};" * 180_000, "a.min.js")
    assert len(parsed.blocks) == 1


@pytest.mark.parametrize("pattern", ["a*", "a ", "(", "x(", "def ", "<", "public ", "a<b ", "{\n"])
def test_odd_lines_take_no_time(pattern: str) -> None:
    for text in (pattern * 140, ("\n" + pattern * 140) * 50, pattern * 20_000):
        covered(parse_text("x\n" + text, "a.cpp"))


SIGNS = "def class f(x): {} ; \n    \n# @a\t'''\"\"\" func int \u200b👋 = => if end"


@given(st.lists(st.sampled_from(SIGNS.split(" ")), max_size=40), st.sampled_from(["py", "js", "c"]))
def test_any_code_is_read(parts: list[str], suffix: str) -> None:
    text = "x " + " ".join(parts)
    covered(parse_text(text, f"a.{suffix}"))
