"""What others wrote is shown as text: no markup of it is one of the page's."""

import pytest
from streamlit.testing.v1 import AppTest

from sutazai_ui.views import verbatim

HOSTILE = '</div><script>alert(1)</script><img src=x onerror="alert(1)">\' &lt; [a](javascript:b)'
ESCAPED = (
    "&lt;/div&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x "
    "onerror=&quot;alert(1)&quot;&gt;&#x27; &amp;lt; [a](javascript:b)"
)


def shown(how: str, *said: str) -> str:
    """Show something in a page, and give the markup that it came to."""

    def script(how: str, said: list[str]) -> None:
        from sutazai_ui.views import verbatim as views

        getattr(views, how)(*said)

    tab = AppTest.from_function(script, args=(how, list(said)), default_timeout=20).run()
    assert not tab.exception
    [made] = tab.get("html")
    return str(made.proto.body)


@pytest.mark.parametrize("how", ["text", "small", "quote"])
def test_what_was_said_is_text(how: str) -> None:
    assert shown(how, HOSTILE) == f'<div class="sz-{how}">{ESCAPED}</div>'


def test_a_passage_is_text_and_marked_by_us_alone() -> None:
    made = shown("passage", HOSTILE, "<mark>cited", HOSTILE)
    assert made.count(ESCAPED) == 2
    assert made.count("<mark>") == 1
    assert "<mark>&lt;mark&gt;cited</mark>" in made


def test_words_that_are_searched_for_are_no_markup_and_no_pattern() -> None:
    made = verbatim.found(f"a needle in {HOSTILE}", ["needle", "<script>", "(a+)+$", "alert(1)"])
    assert "<mark>needle</mark>" in made
    assert "<script" not in made
    assert "<img" not in made


@pytest.mark.parametrize("said", ["[a](javascript:b)", "![x](http://e)", "<b>", "**a**", "`a`"])
def test_a_label_holds_no_markdown(said: str) -> None:
    made = verbatim.in_label(said)
    for mark in "[]()<>!*`":
        assert made.count(mark) == made.count(f"\\{mark}")
