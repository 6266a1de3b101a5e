"""What documents, people and models say, shown as it is: nothing in it is markup or is loaded."""

import re
from html import escape

import streamlit as st

# Colours come from the theme; a mark is readable on a light and on a dark ground.
_STYLE = """<style>
.sz-text, .sz-passage { white-space: pre-wrap; overflow-wrap: anywhere; }
.sz-small { font-size: 0.875rem; opacity: 0.7; overflow-wrap: anywhere; }
.sz-quote { border-left: 3px solid currentColor; padding-left: 0.75rem; opacity: 0.85;
  white-space: pre-wrap; overflow-wrap: anywhere; }
.sz-passage { max-height: 22rem; overflow-y: auto; font-size: 0.9rem; }
.sz-passage mark { background: rgba(255, 190, 30, 0.4); color: inherit; border-radius: 2px; }
.sz-list { font-size: 0.875rem; overflow-wrap: anywhere; }
.sz-list div { padding: 0.1rem 0; }
.sz-list .failed { color: #d64545; }
.sz-list .state { opacity: 0.65; }
a.sz-button { display: inline-block; padding: 0.4rem 1rem; border-radius: 0.5rem;
  background: #0b6e5f; color: #ffffff; text-decoration: none; }
</style>"""
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
# Streamlit looks for these in text that is already parsed: addresses, names of emojis and icons,
# arrows. A mark that is not seen parts them.
_FOUND_LATER = re.compile(r"([:@<>=~-]|www(?=\.))", re.IGNORECASE)
_PARTED = "\\1\u2060"


def style() -> None:
    """Say once for a page how such text looks."""
    st.html(_STYLE)


def text(said: str) -> None:
    """Show a text."""
    st.html(f'<div class="sz-text">{escape(said)}</div>')


def small(said: str) -> None:
    """Show a remark."""
    st.html(f'<div class="sz-small">{escape(said)}</div>')


def quote(said: str) -> None:
    """Show a quotation."""
    st.html(f'<div class="sz-quote">{escape(said)}</div>')


def passage(before: str, cited: str, after: str) -> None:
    """Show a passage within the text around it."""
    marked = f"{escape(before)}<mark>{escape(cited)}</mark>{escape(after)}"
    st.html(f'<div class="sz-passage">{marked}</div>')


def in_label(said: str) -> str:
    """Write a text so that Streamlit's Markdown, in a label or a message, shows it as it is."""
    parted = _FOUND_LATER.sub(_PARTED, " ".join(said.split()))
    return _PUNCTUATION.sub(r"\\\1", parted)
