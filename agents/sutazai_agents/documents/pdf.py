"""PDF: the text layer, page by page; citations say the page, and the section of the outline."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice

import pypdfium2 as pdfium  # type: ignore[import-untyped]

from sutazai_agents.documents.parsed import Block, Outline, Parsed, shorten, trim
from sutazai_agents.documents.writing import MOST_CHARACTERS, too_long
from sutazai_contracts.errors import UnreadableDocument

MOST_PAGES = 20_000
_MOST_BOOKMARKS = 5_000
_PASSWORD = 4  # FPDF_ERR_PASSWORD
# PDFium marks a hyphen at the end of a line and joins the lines.
_HYPHENATED = re.compile("[\x02\ufffe](?=[a-zà-öø-ÿ])")
_HYPHEN = re.compile("[\x02\ufffe]")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ufdd0-\ufdef\uffff]")
# What programs write where nobody gave a title.
_NO_TITLES = {"untitled", "unknown", "title", "document", "none"}
_MANY = 3


@dataclass
class _Reading:
    """What was read so far."""

    text: list[str] = field(default_factory=list)
    length: int = 0
    blocks: list[Block] = field(default_factory=list)
    empty: list[int] = field(default_factory=list)
    broken: list[int] = field(default_factory=list)

    def add(self, text: str, path: tuple[str, ...]) -> None:
        """Append a piece of a page; pieces are apart by a blank line."""
        start, end = trim(text, 0, len(text))
        if start == end:
            return
        if self.length > MOST_CHARACTERS:
            raise too_long()
        if self.length:
            self.text.append("\n\n")
            self.length += 2
        self.text.append(text[start:end])
        self.blocks.append(Block(self.length, self.length + end - start, path, "paragraph"))
        self.length += end - start


def parse_pdf(data: bytes, on_page: Callable[[int, int], None]) -> Parsed:
    """Read the text layer of a PDF.

    Args:
        data: the file.
        on_page: is told after each page how many were read, and of how many.

    Raises:
        UnreadableDocument: it needs a password, is broken, has too many pages or no text layer.
    """
    with closing(_opened(data)) as document:
        pages = len(document)
        if pages > MOST_PAGES:
            raise UnreadableDocument(
                f"The PDF has {pages} pages; up to {MOST_PAGES} are read: split it."
            )
        sections = _Sections(document)
        reading = _Reading()
        for number in range(pages):
            _read_page(document, number, sections, reading)
            on_page(number + 1, pages)
        title = _title(document)
    if not reading.blocks:
        raise _no_text(pages, len(reading.broken))
    return Parsed(
        "".join(reading.text),
        "application/pdf",
        title,
        tuple(reading.blocks),
        pages,
        tuple(_warnings(reading, pages)),
    )


def _opened(data: bytes) -> "pdfium.PdfDocument":
    try:
        return pdfium.PdfDocument(data)
    except pdfium.PdfiumError as exc:
        if exc.err_code == _PASSWORD:
            raise UnreadableDocument(
                "The PDF is encrypted and needs a password: save it without one and try again."
            ) from exc
        raise UnreadableDocument(
            "The PDF is broken or cut off: it can't be opened. Save or download it again."
        ) from exc


def _read_page(
    document: "pdfium.PdfDocument", number: int, sections: "_Sections", reading: _Reading
) -> None:
    try:
        with closing(document[number]) as page, closing(page.get_textpage()) as layer:
            text = _readable(layer.get_text_bounded())
    except pdfium.PdfiumError:
        reading.broken.append(number + 1)
        return
    if not text.strip():
        reading.empty.append(number + 1)
    for piece, path in sections.of_page(number, text):
        reading.add(piece, (*path, f"Page {number + 1}"))


def _readable(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _HYPHEN.sub("-", _HYPHENATED.sub("", text))
    return _UNPRINTABLE.sub("", text)


class _Sections:
    """The sections that the outline of a PDF names, and where on a page each begins."""

    def __init__(self, document: "pdfium.PdfDocument") -> None:
        self._on_page: dict[int, list[tuple[int, str]]] = {}
        self._outline = Outline()
        for level, title, page in _bookmarks(document):
            self._on_page.setdefault(page, []).append((level, title))

    def of_page(self, number: int, text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Cut the text of the next page where a section begins whose title stands on a line.

        One whose title is not found begins with the page.
        """
        done = after_title = above = 0
        for level, title in self._on_page.get(number, ()):
            if (found := _line_of(title, text, after_title)) is not None:
                begins, ends = found
                # A title without text of its own goes with the first section below it.
                if text[after_title:begins].strip() or not 0 < above < level:
                    yield text[done:begins], self._outline.path
                    done = begins
                after_title, above = ends, level
            self._outline.enter(level, title)
        yield text[done:], self._outline.path


def _bookmarks(document: "pdfium.PdfDocument") -> Iterator[tuple[int, str, int]]:
    try:
        for bookmark in islice(document.get_toc(), _MOST_BOOKMARKS):
            destination = bookmark.get_dest()
            page = destination.get_index() if destination else None
            title = " ".join(_readable(bookmark.get_title()).split())
            if page is not None and title:
                yield bookmark.level + 1, shorten(title), page
    except pdfium.PdfiumError:
        return


def _line_of(title: str, text: str, start: int) -> tuple[int, int] | None:
    words = r"\s+".join(map(re.escape, title.split()[:12]))
    found = re.compile(rf"^[ \t]*(?:[0-9.]+[ \t]+)?{words}", re.MULTILINE | re.I).search(
        text, start
    )
    return found.span() if found else None


def _title(document: "pdfium.PdfDocument") -> str | None:
    title = " ".join(_readable(document.get_metadata_value("Title") or "").split())
    return shorten(title) if title and title.lower() not in _NO_TITLES else None


def _no_text(pages: int, broken: int) -> UnreadableDocument:
    if broken == pages:
        return UnreadableDocument(
            "The PDF is broken: none of its pages can be read. Save or download it again."
        )
    return UnreadableDocument(
        "The PDF has no text layer: its pages are images, or empty. There is no text recognition "
        "(OCR) yet; use a program that adds a text layer."
    )


def _warnings(reading: _Reading, pages: int) -> Iterator[str]:
    for numbers, what in ((reading.broken, "can't be read"), (reading.empty, "show no text")):
        if numbers:
            named = ", ".join(map(str, numbers[:_MANY])) + (", …" if len(numbers) > _MANY else "")
            yield f"{len(numbers)} of {pages} pages {what} (page {named})."
