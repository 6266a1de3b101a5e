"""The body of a document of Word: written down as a page is, paragraph by paragraph."""

from dataclasses import dataclass, field

from sutazai_agents.documents.docx_styles import Numbering, Styles, local, number, values
from sutazai_agents.documents.parsed import shorten
from sutazai_agents.documents.visible import VisibleText
from sutazai_agents.documents.writing import MOST_CHARACTERS, too_long

_FALLBACK = "http://schemas.openxmlformats.org/markup-compatibility/2006 Fallback"
# Shown twice or not any more: a fallback repeats what stands before it.
_SKIPPED = {_FALLBACK, "moveFrom", "del", "rubyPr", "rt"}
_WRITTEN = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "ptab": "\t"}
_DEEPEST_LIST = 8
_OFF = {"0", "false", "off", "none"}


@dataclass
class _Paragraph:
    """A paragraph that is read."""

    text: list[str] = field(default_factory=list)
    style: str | None = None
    outline_level: int | None = None
    list_id: str | None = None
    depth: int = 0


class Body:
    """Takes the elements of a body and writes them as a page."""

    def __init__(self, styles: Styles, numbering: Numbering) -> None:
        """Take what styles and lists mean."""
        self.page = VisibleText()
        self.title: str | None = None
        self._styles, self._numbering = styles, numbering
        self._paragraphs: list[_Paragraph] = []
        self._tables = 0
        self._in_list = False
        self._skipping = 0
        self._in_text = False
        self._hidden = False
        self._in_run_properties = False
        self._note: str | None = None
        self._characters = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take the start of an element."""
        tag = local(name)
        if self._skipping or tag in _SKIPPED:
            self._skipping += 1
        elif tag == "p":
            self._paragraphs.append(_Paragraph())
        elif tag in ("tbl", "tr", "tc"):
            self._in_table(tag)
        elif tag in ("footnote", "endnote"):
            self._begin_note(values(attributes))
        elif self._paragraphs:
            self._in_paragraph(tag, attributes, self._paragraphs[-1])

    def end(self, name: str) -> None:
        """Take the end of an element."""
        tag = local(name)
        if self._skipping:
            self._skipping -= 1
        elif tag == "p" and self._paragraphs:
            self._write(self._paragraphs.pop())
        elif tag == "t":
            self._in_text = False
        elif tag == "r":
            self._hidden = False
        elif tag == "rPr":
            self._in_run_properties = False
        elif tag == "tbl" and self._tables:
            self._tables -= 1
            self.page.leave()

    def text(self, data: str) -> None:
        """Take characters; those outside of runs of text are none."""
        if self._in_text and not self._skipping and not self._hidden and self._paragraphs:
            self._characters += len(data)
            if self._characters > MOST_CHARACTERS:
                raise too_long()
            self._paragraphs[-1].text.append(data)

    def notes_follow(self) -> None:
        """End the body; what comes now are its foot and end notes."""
        self._leave_list()
        while self._tables:
            self._tables -= 1
            self.page.leave()
        self._paragraphs.clear()

    def joined(self) -> str:
        """Give the whole text, once everything is in."""
        self.notes_follow()
        return self.page.joined()

    def _in_paragraph(self, tag: str, attributes: dict[str, str], open_: _Paragraph) -> None:
        if tag == "t":
            self._in_text = True
        elif tag == "rPr":
            self._in_run_properties = True
        elif tag in _WRITTEN:
            # A tab stop of the paragraph's properties is `tab` too, but has a position.
            if not self._hidden and not (tag == "tab" and attributes):
                open_.text.append(_WRITTEN[tag])
        elif tag in ("footnoteReference", "endnoteReference"):
            open_.text.append(f"[{values(attributes).get('id', '')[:6]}]")
        else:
            self._property(tag, values(attributes).get("val"), open_)

    def _property(self, tag: str, value: str | None, open_: _Paragraph) -> None:
        if tag == "vanish" and self._in_run_properties:
            self._hidden = value not in _OFF
        elif tag == "pStyle":
            open_.style = value
        elif tag == "outlineLvl":
            open_.outline_level = number(value, 9)
        elif tag == "numId":
            open_.list_id = value
        elif tag == "ilvl":
            open_.depth = min(max(number(value) or 0, 0), _DEEPEST_LIST)

    def _in_table(self, tag: str) -> None:
        if tag == "tbl":
            self._leave_list()
            self._tables += 1
            self.page.enter("table")
        elif self._tables:
            if tag == "tr":
                self.page.row()
            else:
                self.page.cell()

    def _begin_note(self, attributes: dict[str, str]) -> None:
        # Word keeps the lines that part notes from the text as notes with a type.
        self._note = None if "type" in attributes else attributes.get("id", "")[:6]

    def _write(self, read: _Paragraph) -> None:
        text = "".join(read.text)
        if not text.strip():
            return
        if self._note is not None:
            text, self._note = f"[{self._note}] {text.lstrip()}", None
        level = self._heading_level(read)
        if level is not None and not self._tables:
            self._leave_list()
            self._write_heading(level, text)
        else:
            self._write_plain(read, text)

    def _write_heading(self, level: int, text: str) -> None:
        self.page.heading()
        self.page.text(text)
        self.page.heading_ends(level)
        if self.title is None and level <= 1:
            self.title = shorten(" ".join(text.split()))

    def _write_plain(self, read: _Paragraph, text: str) -> None:
        list_id = read.list_id or self._styles.list_id(read.style)
        is_item = list_id is not None and list_id != "0"
        if not is_item:
            self._leave_list()
        elif not self._in_list and not self._tables:
            self.page.enter("list")
            self._in_list = True
        if is_item and list_id is not None:
            self.page.item(self._numbering.marker(list_id, read.depth))
        else:
            self.page.paragraph()
        self.page.preformatted(text.strip("\n") if is_item else text)
        if is_item:
            self.page.item_ends()
        self.page.paragraph()

    def _heading_level(self, read: _Paragraph) -> int | None:
        if read.outline_level is not None:
            return read.outline_level + 1 if read.outline_level < 9 else None
        return self._styles.heading_level(read.style)

    def _leave_list(self) -> None:
        if self._in_list:
            self._in_list = False
            self.page.leave()
