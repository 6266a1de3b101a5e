"""Read a document of any kind: told by its bytes, by its name only where those fit several."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import PurePosixPath

from sutazai_agents.documents import kinds
from sutazai_agents.documents.decode import decode
from sutazai_agents.documents.parsed import Block, Parsed
from sutazai_agents.documents.sniff import media_type
from sutazai_agents.documents.writing import MOST_CHARACTERS, too_long
from sutazai_contracts.errors import UnreadableDocument

OnPage = Callable[[int, int], None]

MOST_BLOCKS = 100_000
_JOINED = 2_000
# What no text may hold where it is kept: half a pair of UTF-16, and what PostgreSQL refuses.
_UNKEPT = re.compile("[\x00\ud800-\udfff]")


def _unheard(done: int, total: int) -> None:
    """Tell nobody of pages."""


def parse(data: bytes, name: str, on_page: OnPage = _unheard) -> Parsed:
    """Read a document.

    Args:
        data: its bytes; what they are is told by themselves.
        name: its file name, which decides only between kinds of text that the bytes fit alike.
        on_page: is told how many pages were read, and of how many, where there are pages.

    Returns:
        Its text, at most `MOST_CHARACTERS` of it, in at most `MOST_BLOCKS` blocks.

    Raises:
        UnreadableDocument: it holds no text that can be read; says why.
    """
    parsed = _read(data, name, on_page)
    if not parsed.blocks:
        raise UnreadableDocument("The document shows no text.")
    if len(parsed.text) > MOST_CHARACTERS:
        raise too_long()
    return _fewer_blocks(_kept(parsed))


def _read(data: bytes, name: str, on_page: OnPage) -> Parsed:
    # Libraries are imported by the documents that need them: a child begins sooner.
    if kinds.is_pdf(data):
        from sutazai_agents.documents.pdf import parse_pdf

        return parse_pdf(data, on_page)
    if kinds.is_zip(data):
        from sutazai_agents.documents.docx import parse_docx

        return parse_docx(data)
    return parse_text(decode(data), name)


def parse_text(text: str, name: str) -> Parsed:
    """Read a document whose bytes are text."""
    kind = media_type(text, name)
    if kind == "text/html":
        from sutazai_agents.documents.html import parse_html

        return parse_html(text)
    if (parsed := _data(text, name)) is not None:
        return parsed
    if kind == "text/markdown":
        from sutazai_agents.documents.markdown import parse_markdown

        return parse_markdown(text)
    from sutazai_agents.documents.plain import parse_plain
    from sutazai_agents.documents.source import language_of, parse_source

    if (language := language_of(text, name)) is not None:
        return parse_source(text, language)
    return parse_plain(text)


def _data(text: str, name: str) -> Parsed | None:
    """Read JSON and tables; None where the text is neither."""
    from sutazai_agents.documents.records import parse_json, parse_json_lines
    from sutazai_agents.documents.table import delimiter_of, media_type_of, parse_table

    if (parsed := parse_json(text) or parse_json_lines(text)) is not None:
        return parsed
    suffix = PurePosixPath(name.lower()).suffix
    if (delimiter := delimiter_of(text, suffix)) is not None:
        return parse_table(text, delimiter, media_type_of(suffix))
    return None


def _kept(parsed: Parsed) -> Parsed:
    """Put U+FFFD in place of characters that can't be kept; spans stay as they are."""
    labels = {part for block in parsed.blocks for part in block.heading_path}
    if not any(map(_UNKEPT.search, (parsed.text, parsed.title or "", *labels))):
        return parsed
    blocks = tuple(
        replace(block, heading_path=tuple(map(_sound, block.heading_path)))
        for block in parsed.blocks
    )
    title = _sound(parsed.title) if parsed.title else None
    return replace(parsed, text=_sound(parsed.text), title=title, blocks=blocks)


def _sound(text: str) -> str:
    return _UNKEPT.sub("\ufffd", text)


def _fewer_blocks(parsed: Parsed) -> Parsed:
    """Join small neighbours where there are more blocks than are kept.

    Raises:
        UnreadableDocument: there are too many parts under headings of their own.
    """
    if len(parsed.blocks) <= MOST_BLOCKS:
        return parsed
    joined: list[Block] = []
    for block in parsed.blocks:
        last = joined[-1] if joined else None
        if last is not None and _fits(last, block):
            joined[-1] = replace(last, end=block.end)
        else:
            joined.append(block)
    if len(joined) > MOST_BLOCKS:
        raise UnreadableDocument(
            f"The document has more than {MOST_BLOCKS} headings and parts: split it."
        )
    return replace(parsed, blocks=tuple(joined))


def _fits(last: Block, block: Block) -> bool:
    alike = last.kind == block.kind != "heading" and last.heading_path == block.heading_path
    return alike and block.end - last.start <= _JOINED
