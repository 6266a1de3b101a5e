"""Nasty documents cost what their length costs, and no more."""

import sys
from collections.abc import Callable
from types import FrameType

import pytest
from selectolax.lexbor import LexborHTMLParser

from sutazai_agents.documents.html import parse_html
from sutazai_agents.documents.markdown import parse_markdown
from sutazai_agents.documents.nesting import flatten
from sutazai_agents.documents.plain import parse_plain
from tests.unit.librarian.documents import NASTY_HTML, NASTY_MARKDOWN

pytestmark = pytest.mark.untraced

LENGTH = 3_000
TIMES = 4


def calls_of(work: Callable[[], object]) -> int:
    """Count the calls of functions, Python's and C's, that some work makes."""
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return calls


def repeated(pattern: str, length: int) -> str:
    return pattern * (length // len(pattern))


@pytest.mark.parametrize("pattern", NASTY_MARKDOWN.values(), ids=NASTY_MARKDOWN)
@pytest.mark.parametrize("parse", [parse_markdown, parse_plain])
def test_text_takes_calls_by_its_length(parse: Callable[[str], object], pattern: str) -> None:
    short, long = (repeated(pattern, LENGTH * times) for times in (1, TIMES))
    assert calls_of(lambda: parse(long)) <= (TIMES + 1) * calls_of(lambda: parse(short)) + 1000


@pytest.mark.parametrize("pattern", NASTY_HTML.values(), ids=NASTY_HTML)
def test_pages_take_calls_by_their_length(pattern: str) -> None:
    short, long = (repeated(pattern, LENGTH * times) for times in (1, TIMES))
    assert (
        calls_of(lambda: parse_html(long))
        <= (TIMES + 1) * calls_of(lambda: parse_html(short)) + 1000
    )


def tree_of(page: str) -> tuple[int, int]:
    """Measure a page's tree: how many nodes, and how deep."""
    nodes = deepest = 0
    level = [LexborHTMLParser(page).root]
    while level:
        deepest += 1
        nodes += len(level)
        level = [
            child for node in level if node is not None for child in node.iter(include_text=True)
        ]
    return nodes, deepest


# One attribute each, since the standard keeps three alike at most.
FONTS = "".join(f"<p><font size={number}>x" for number in range(600))


@pytest.mark.parametrize("pattern", [*NASTY_HTML.values(), FONTS], ids=[*NASTY_HTML, "fonts"])
def test_a_flattened_page_makes_a_tree_of_its_size(pattern: str) -> None:
    page = pattern * max(1, 20_000 // len(pattern))
    nodes, deepest = tree_of(flatten(page))
    assert nodes <= 10 + len(page)
    assert deepest <= 1500


def test_an_honest_page_is_flattened_to_the_same_tree() -> None:
    page = (
        "<html><head><title>a <b> in a title</title><script>if (a <b) {'</b>'}</script></head>"
        "<body class='x > y'><!-- <b> --><h1>One</h1><ul><li>a<li>b</ul><table><tr><td>c<td>d"
        "</table><p>p<p>q<br/>r<textarea><i></textarea></body></html>"
    )
    assert flatten(page) == page
    assert flatten("<P>a<B class=x>b</B><code>c</code>") == (
        "<p>a<span class=x>b</span><span>c</span>"
    )
