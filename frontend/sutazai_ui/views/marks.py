"""Pieces of markup that several pages are made of; all that is said in them is escaped."""

from collections.abc import Iterable, Sequence
from html import escape

import streamlit as st

from sutazai_ui.views import look


def chip(state: str, words: str | None = None) -> str:
    """Give a state as a small sign."""
    told = look.said(state) if words is None else f"{look.STATES[state][1]} {words}"
    return f'<span class="sz-chip sz-{look.kind(state)}">{escape(told)}</span>'


def facts(told: Iterable[tuple[str, str]]) -> str:
    """Give facts, each with its name."""
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(fact)}</dd>" for name, fact in told if fact)
    return f'<dl class="sz-facts">{rows}</dl>'


def tags(names: Iterable[str]) -> str:
    """Give short names side by side."""
    inner = "".join(f'<span class="sz-tag">{escape(name)}</span>' for name in names)
    return f'<div class="sz-tags">{inner}</div>'


def card(name: str, sign: str, *parts: str) -> str:
    """Give one thing of a list: its name, its state, and what there is to say; as markup."""
    head = f'<div class="sz-head"><span class="sz-name">{escape(name)}</span>{sign}</div>'
    return f"<li>{head}{''.join(parts)}</li>"


def cards(items: Iterable[str]) -> None:
    """Show things side by side."""
    st.html(f'<ul class="sz-cards">{"".join(items)}</ul>')


def remark(said: str) -> str:
    """Give a remark."""
    return f'<div class="sz-small">{escape(said)}</div>'


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Show a table of texts."""
    top = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    st.html(
        f'<div class="sz-wide" tabindex="0" role="region" aria-label="{escape(caption)}">'
        f'<table class="sz-table"><caption class="sz-only">{escape(caption)}</caption>'
        f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cell(said: str) -> str:
    return f"<td>{escape(said)}</td>"


def plain(said: str) -> str:
    """Give a text as markup that shows it as it is."""
    return escape(said)
