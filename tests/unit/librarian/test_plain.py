"""Plain text: paragraphs, and headings where they are underlined."""

from hypothesis import given
from hypothesis import strategies as st

from sutazai_agents.documents.plain import parse_plain
from tests.unit.librarian.documents import block_texts, covered, paths


def test_paragraphs_are_between_blank_lines() -> None:
    parsed = covered(parse_plain("\n  one\nstill one\n \t\n\ntwo"))
    assert block_texts(parsed) == [("paragraph", "  one\nstill one"), ("paragraph", "two")]
    assert (parsed.title, parsed.media_type) == (None, "text/plain")


def test_underlined_lines_are_headings() -> None:
    source = (
        "=====\nGuide\n=====\n\nintro\n\nFirst\n-----\nof first\n\nDeep\n~~~~\nof deep\n\n"
        "Second\n------\nof second\n"
    )
    parsed = covered(parse_plain(source))
    assert paths(parsed) == {
        "intro": ("Guide",),
        "of first": ("Guide", "First"),
        "of deep": ("Guide", "First", "Deep"),
        "of second": ("Guide", "Second"),
    }
    assert parsed.title == "Guide"


def test_lines_of_signs_that_underline_nothing() -> None:
    source = "a longer line\n---\n\n-----\n\none\ntwo\nthree\n=====\n\n...\n"
    parsed = covered(parse_plain(source))
    assert all(kind == "paragraph" for kind, _ in block_texts(parsed))


@given(st.text(alphabet=st.sampled_from("ab =-~\n\t\u200b👋\u00a0"), max_size=200))
def test_nothing_is_lost(source: str) -> None:
    assert covered(parse_plain(source)).text == source
