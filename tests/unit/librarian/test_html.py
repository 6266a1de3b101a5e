"""HTML: what a person sees is the text, and where it stands is kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sutazai_agents.documents.html import parse_html
from tests.unit.librarian.documents import NASTY_HTML, block_texts, covered, paths


def text_of(body: str) -> str:
    """Give the visible text of a page with this body."""
    return covered(parse_html(f"<!doctype html><body>{body}</body>")).text


def test_only_what_is_seen_is_read() -> None:
    page = """<html><head><title>T</title><style>p {}</style><script>var a = "<p>no</p>"</script>
      </head><body><!-- comment <p>no</p> --><script>no()</script><style>no</style>
      <template><p>no</p></template><noscript>no</noscript><p hidden>no</p>
      <p style="color: red; DISPLAY : none">no</p><span style="visibility:hidden">no</span>
      <div hidden=""><p>no</p><h1>no</h1></div><iframe>no</iframe><p>seen</p>
      <svg><title>no</title><text>drawn</text></svg><video>no</video><img alt="no" src="x">
      </body></html>"""
    parsed = covered(parse_html(page))
    assert parsed.text == "seen\n\ndrawn"
    assert parsed.title == "T"
    assert parsed.media_type == "text/html"


def test_entities_are_letters() -> None:
    assert text_of(
        "<p>&lt;a&gt; &amp;amp; &euro; &#x1F44B; &nbsp;| caf&eacute; &bogus; AT&T</p>"
    ) == ("<a> &amp; € 👋 \u00a0| café &bogus; AT&T")


def test_white_space_is_collapsed_as_a_browser_does() -> None:
    body = "<p>  one\n\ttwo <b> three</b> <i>four</i>five\n</p>\n\n<p>\n six</p>"
    assert text_of(body) == "one two three fourfive\n\nsix"


def test_listings_keep_their_white_space() -> None:
    body = "<pre>\ndef f():\n\n    <b>return</b>  1\n</pre>after"
    parsed = covered(parse_html(body))
    assert parsed.text == "def f():\n\n    return  1\n\nafter"
    assert block_texts(parsed)[0] == ("code", "def f():\n\n    return  1")


def test_breaks_and_blocks_are_lines() -> None:
    assert text_of("a<br>b<br><br>c<div>d</div><div>e</div>f<hr>g") == "a\nb\n\nc\nd\ne\nf\n\ng"


def test_lists_are_drawn() -> None:
    body = (
        "<p>Intro<ul><li>one<li><p>two</p><ul><li>in</ul><li></li><li>three</ul>"
        "<ol start=3><li>c<li>d</ol><dl><dt>term<dd>meaning</dl>"
    )
    assert block_texts(covered(parse_html(body))) == [
        ("paragraph", "Intro"),
        ("list", "- one\n- two\n  - in\n- three"),
        ("list", "3. c\n4. d"),
        ("list", "term\nmeaning"),
    ]


def test_rows_of_tables_are_lines() -> None:
    body = (
        "<table><caption>Prices</caption><tr><th>What<th>Euro</tr><tr><td><p>Tea</p></td><td>2"
        "<tr><td></td><td>only</td></tr><tr><td>a<br>b<td>c</table>"
    )
    assert block_texts(covered(parse_html(body))) == [
        ("table", "Prices\nWhat | Euro\nTea | 2\nonly\na\nb | c")
    ]


def test_headings_nest_by_level_wherever_they_stand() -> None:
    body = (
        "intro<h1>One <em>part</em></h1><p>of one</p><section><h3>Deep</h3><p>of deep</p></section>"
        "<table><tr><td><h2>In a\ntable</h2>cell<td>next</table><h2>  </h2>"
        "<ul><li><h4>I</h4>item</ul>"
    )
    parsed = covered(parse_html(body))
    assert paths(parsed) == {
        "intro": (),
        "of one": ("One part",),
        "of deep": ("One part", "Deep"),
        "cell | next": ("One part", "In a table"),
        "item": ("One part", "In a table", "I"),
    }
    assert parsed.title == "One part"


def test_the_title_is_the_page_s_own() -> None:
    page = "<title> The\n &amp; page </title><h1>Heading</h1><svg><title>none</title></svg>"
    assert parse_html(page).title == "The & page"
    assert parse_html("<p>text").title is None
    assert parse_html("<title> </title><h1>Heading</h1>").title == "Heading"


ARTICLE = "<h1>Title</h1><p>" + "What the page is about, told in words. " * 8 + "</p>"
FURNITURE = (
    "<div class='site'><nav><ul><li>Home<li>About</ul></nav><div role=navigation>Menu</div>"
    "<div id=cookie-banner><p>We use cookies</p></div><div class='gdpr_consent'>Agree?</div></div>"
)


def test_furniture_of_the_site_is_left_out() -> None:
    page = f"{FURNITURE}<header><p>By Ann</p></header>{ARTICLE}<footer>© 2026</footer>"
    assert text_of(page) == text_of(f"<p>By Ann</p>{ARTICLE}")


def test_what_an_article_says_stays() -> None:
    kept = "<p class=cookie-recipe>Bake the cookies.</p><div class=cookies>of oats</div>"
    page = f"<article>{ARTICLE}{kept}<footer>Written by Ann.</footer></article>"
    assert text_of(page).endswith("Bake the cookies.\n\nof oats\nWritten by Ann.")


def test_a_page_of_furniture_is_shown_whole() -> None:
    page = f"{FURNITURE}<p>Short.</p><footer>Imprint</footer>"
    shown = text_of(page)
    assert all(word in shown for word in ("Home", "Menu", "We use cookies", "Short", "Imprint"))


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<p>one<p>two</div></span>", "one\n\ntwo"),
        ("<b><i>mis</b>nested</i> text", "misnested text"),
        ("<a href='x>y'>link</a", "link"),
        ("text < 3 and > 2 <", "text < 3 and > 2 <"),
        ("<ul><li>a</ul></ul></li>b", "- a\n\nb"),
        ("<td>no table", "no table"),
        ("</p>", ""),
        ("<textarea><b>as typed</textarea>", "<b>as typed"),
        ("<plaintext><p>raw", "<p>raw"),
        ("<pre>a<br>b</pre>", "a\nb"),
        ("\u202eright to left\u202c \u200bnone", "\u202eright to left\u202c \u200bnone"),
        ("<p>مرحبا <b>بالعالم</b> 👩‍👩‍👧</p>", "مرحبا بالعالم 👩‍👩‍👧"),
        ("<option>a<option>b", "a\nb"),
        ("<p>&#0;&#xD800;x", "\ufffd\ufffdx"),
    ],
)
def test_broken_pages_are_read(page: str, text: str) -> None:
    assert covered(parse_html(page)).text == text


PARTS = (
    "<p> </p> <div> </div> <ul> <li> </ul> <table> <tr> <td> </table> <h1> </h1> <h2> </h2>"
    " <pre> </pre> <br> <b> </b> <span> </span> <a <!-- --> < & > ' \" x y&amp; 👋 \u200b"
    " <script> </script> <textarea> </textarea> <p~hidden> <ol> </ol> <dl> <dd> <svg> ~ \n"
)
FRAGMENTS = st.lists(st.sampled_from(PARTS.split(" ")), max_size=40)


@given(FRAGMENTS.map("".join).map(lambda page: page.replace("~", " ")))
def test_any_page_is_read(page: str) -> None:
    covered(parse_html(page))


@pytest.mark.parametrize("pattern", NASTY_HTML.values(), ids=NASTY_HTML)
def test_nasty_pages_are_read(pattern: str) -> None:
    covered(parse_html(pattern * (20_000 // len(pattern))))
