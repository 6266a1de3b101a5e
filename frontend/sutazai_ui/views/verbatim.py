"""What documents, people and models say, shown as it is: nothing in it is markup or is loaded."""

import re
from collections.abc import Iterable
from html import escape

import streamlit as st

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
# Streamlit looks for these in text that is already parsed: addresses, names of emojis and icons,
# arrows. A mark that is not seen parts them.
_FOUND_LATER = re.compile(r"([:@<>=~-]|www(?=\.))", re.IGNORECASE)
_PARTED = "\\1\u2060"


def text(said: str) -> None:
    """Show a text."""
    st.html(f'<div class="sz-text">{escape(said)}</div>')


def small(said: str) -> None:
    """Show a remark."""
    st.html(f'<div class="sz-small">{escape(said)}</div>')


def quote(said: str) -> None:
    """Show a quotation."""
    st.html(f'<div class="sz-quote">{escape(said)}</div>')


def passage(before: str, cited: str, after: str, *, whole: bool = False) -> None:
    """Show a passage within the text around it; `whole`: on a page of its own, in full height."""
    mark = f"<mark>{escape(cited)}</mark>" if cited else ""
    marked = f"{escape(before)}{mark}{escape(after)}"
    # What scrolls has to be reached by the keyboard, and says then what it is.
    shown = f'role="region" aria-label="Text of the document" tabindex="0">{marked}</div>'
    st.html(f'<div class="sz-passage{" whole" if whole else ""}" {shown}')


def listing(name: str, said: str) -> None:
    """Show a text of a machine, letter by letter; `name` says what it is.

    Streamlit's own colours for code are too faint in the light, and no key reaches what scrolls.
    """
    region = f'role="region" aria-label="{escape(name)}" tabindex="0"'
    st.html(f'<pre class="sz-passage sz-listing" {region}>{escape(said)}</pre>')


def found(text: str, words: Iterable[str]) -> str:
    """Give the markup of a text in which words are marked, those that begin with them too."""
    wanted = sorted({word for word in words if word}, key=len, reverse=True)
    if not wanted:
        return escape(text)
    pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, wanted))})\w*", re.IGNORECASE)
    parts, at = list[str](), 0
    for match in pattern.finditer(text):
        parts += [escape(text[at : match.start()]), f"<mark>{escape(match[0])}</mark>"]
        at = match.end()
    return "".join((*parts, escape(text[at:])))


def in_label(said: str) -> str:
    """Write a text so that Streamlit's Markdown, in a label or a message, shows it as it is."""
    parted = _FOUND_LATER.sub(_PARTED, " ".join(said.split()))
    return _PUNCTUATION.sub(r"\\\1", parted)
