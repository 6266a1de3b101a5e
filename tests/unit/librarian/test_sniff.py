"""What a document is, is told by what it holds."""

import pytest

from sutazai_agents.documents.sniff import media_type

PAGE = "<!DOCTYPE html>\n<html><body><p>Hello</p></body></html>"
MARKDOWN = "# Title\n\nSome **bold** words and a [link](https://example.org).\n"
README = '<p align="center"><img src="x.png"></p>\n\n# Project\n\n- one\n- two\n'
SCRIPT = "#!/bin/sh\n# run it\n\n# and again\nset -e\nfor x in *; do echo `date`; done\n"
PYTHON = "# a comment\nimport os\n\n# another\nprint(os.name)\n"
MAIL = "Dear all,\n\nthe meeting is at 3 pm - please come.\n\nRegards\n"


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        (PAGE, "page.html", "text/html"),
        (PAGE, "page.txt", "text/html"),
        (PAGE, "page.md", "text/html"),
        ("\n<!-- made by hand -->\n" + PAGE, "x", "text/html"),
        ('<?xml version="1.0"?>\n' + PAGE, "x.xhtml", "text/html"),
        ("<div><h1>Part</h1><p>text</p></div>", "part", "text/html"),
        ("just words", "odd.html", "text/plain"),
        ("words <b>bold</b> words", "odd.html", "text/html"),
        (MARKDOWN, "notes.md", "text/markdown"),
        (MARKDOWN, "notes.txt", "text/markdown"),
        (MARKDOWN, "notes", "text/markdown"),
        (README, "README.md", "text/markdown"),
        (README, "README", "text/markdown"),
        (MAIL, "mail.txt", "text/plain"),
        (MAIL, "mail.md", "text/markdown"),
        (MAIL, "mail.HTML", "text/plain"),
        (SCRIPT, "run", "text/plain"),
        (PYTHON, "code.py", "text/plain"),
        (PYTHON, "code", "text/plain"),
        ('{"a": [1, 2]}', "data.json", "text/plain"),
        ("a;b\n1;2\n", "table.csv", "text/plain"),
        ("if a < b and c > d: <p", "x.txt", "text/plain"),
        ("", "x.txt", "text/plain"),
    ],
)
def test_kinds(text: str, name: str, expected: str) -> None:
    assert media_type(text, name) == expected


@pytest.mark.parametrize("text", ["[" * 70_000, "-" * 70_000, "*" * 70_000, "<" * 70_000, "|-" * 9])
def test_odd_texts_are_some_kind(text: str) -> None:
    assert media_type(text, "x") == "text/plain"
