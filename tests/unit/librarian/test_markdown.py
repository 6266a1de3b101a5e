"""Markdown: the source is the text; headings, listings, tables and lists are found in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sutazai_agents.documents.markdown import parse_markdown
from tests.unit.librarian.documents import NASTY_MARKDOWN, block_texts, covered, paths


def test_headings_nest_by_level() -> None:
    parsed = covered(
        parse_markdown(
            "before\n\n# One\nof one\n\n### Deep\nof deep\n\nTwo\n===\nof two\n\n"
            "Sub\nject\n---\nof subject\n"
        )
    )
    assert paths(parsed) == {
        "before": (),
        "of one": ("One",),
        "of deep": ("One", "Deep"),
        "of two": ("Two",),
        "of subject": ("Two", "Sub ject"),
    }
    assert parsed.title == "One"
    assert parsed.media_type == "text/markdown"


def test_the_text_is_the_source() -> None:
    source = "\n\n  # Odd *source* [x](y)\n\n\n<div>&amp;</div>\n\ttab \n"
    assert covered(parse_markdown(source)).text == source


def test_headings_are_words_without_markup() -> None:
    parsed = parse_markdown("## `code`, **bold**, [link](u), ![image](i) &amp; <b>tag</b> ##\nx\n")
    assert paths(parsed) == {"x": ("code, bold, link, image & tag",)}


def test_a_heading_is_shortened_where_it_is_a_label() -> None:
    (path,) = paths(parse_markdown("# " + "long " * 100 + "\nx\n")).values()
    assert len(path[0]) == 200
    assert path[0].endswith("…")


def test_what_looks_like_a_heading_in_a_listing_is_none() -> None:
    source = "# Real\n\n```sh\n# no heading\n\n## none\n```\n\n    # indented\n\nafter\n"
    parsed = covered(parse_markdown(source))
    assert block_texts(parsed)[1:] == [
        ("code", "```sh\n# no heading\n\n## none\n```"),
        ("code", "    # indented"),
        ("paragraph", "after"),
    ]
    assert {block.heading_path for block in parsed.blocks} == {("Real",)}


def test_a_fence_left_open_goes_on_to_the_end() -> None:
    parsed = covered(parse_markdown("a\n\n~~~\n# no\n\nstill code"))
    assert block_texts(parsed) == [("paragraph", "a"), ("code", "~~~\n# no\n\nstill code")]


def test_lists_and_tables_are_one_block_each() -> None:
    source = "- a\n  - b\n\n    more\n- c\n\n1. x\n2. y\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nend\n"
    assert [kind for kind, _ in block_texts(covered(parse_markdown(source)))] == [
        "list",
        "list",
        "table",
        "paragraph",
    ]


def test_headings_in_quotes_and_lists_are_of_these() -> None:
    parsed = parse_markdown("# A\n\n> # quoted\n\n- # item\n\nafter\n")
    assert paths(parsed)["after"] == ("A",)


def test_what_makes_no_block_is_kept() -> None:
    parsed = covered(parse_markdown("[ref]: https://example.org 'Title'\n\n[^1]: a note\n\n***\n"))
    assert "".join(text for _, text in block_texts(parsed)).count("https://example.org") == 1


@pytest.mark.parametrize(
    ("front", "title"),
    [
        ("---\ntitle: The guide\ntags: [a]\n---\n", "The guide"),
        ("---\ntitle: 'Quoted: yes'\n---\n", "Quoted: yes"),
        ("---\ntags: []\n---\n", "Heading"),
        ("---\ntitle:\n---\n", "Heading"),
    ],
)
def test_front_matter_names_the_document(front: str, title: str) -> None:
    parsed = covered(parse_markdown(f"{front}# Heading\n\ntext\n"))
    assert parsed.title == title
    assert block_texts(parsed)[0] == ("code", front.strip())
    assert paths(parsed)["text"] == ("Heading",)


def test_a_line_at_the_start_is_no_front_matter() -> None:
    assert parse_markdown("---\n\n# Heading\n\ntext\n").title == "Heading"


def test_no_heading_no_title() -> None:
    assert parse_markdown("## Only a second level\n\ntext\n").title is None


@given(st.text(alphabet=st.sampled_from("ab #-=>`~|*_[]()<!\n\t 1.:\u200b👋\u00a0"), max_size=200))
def test_nothing_is_lost(source: str) -> None:
    assert covered(parse_markdown(source)).text == source


@pytest.mark.parametrize("pattern", NASTY_MARKDOWN.values(), ids=NASTY_MARKDOWN)
def test_nasty_sources_are_read(pattern: str) -> None:
    covered(parse_markdown(pattern * (20_000 // len(pattern))))
