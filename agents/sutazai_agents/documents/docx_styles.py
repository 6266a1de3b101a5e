"""The styles and numberings of a document of Word: which paragraphs are headings or items."""

from dataclasses import dataclass, field

_DEEPEST = 9
_MOST = 10_000
_NAMESPACES = (
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main ",
    "http://purl.oclc.org/ooxml/wordprocessingml/main ",
)


def local(name: str) -> str:
    """Give the name of an element or attribute of WordprocessingML; of others the whole."""
    for namespace in _NAMESPACES:
        if name.startswith(namespace):
            return name[len(namespace) :]
    return name


def values(attributes: dict[str, str]) -> dict[str, str]:
    """Give attributes by their local names."""
    return {local(name): value for name, value in attributes.items()}


def number(value: str | None, most: int = 2**31) -> int | None:
    """Read a number of XML; what is none, or beyond sense, is None."""
    if value is None or len(value) > 11 or not value.lstrip("-").isascii():
        return None
    try:
        read = int(value)
    except ValueError:
        return None
    return read if abs(read) <= most else None


@dataclass
class Style:
    """What a paragraph style says of its paragraphs."""

    name: str = ""
    based_on: str | None = None
    outline_level: int | None = None
    list_id: str | None = None


class Styles:
    """The paragraph styles, filled from `word/styles.xml`."""

    def __init__(self) -> None:
        """Know no style."""
        self._styles: dict[str, Style] = {}
        self._open: Style | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take the start of an element."""
        tag, given = local(name), values(attributes)
        value = given.get("val")
        if tag == "style":
            self._open = Style()
            if len(self._styles) < _MOST:
                self._styles[given.get("styleId", "")] = self._open
        elif self._open is None:
            return
        elif tag == "name":
            self._open.name = (value or "").lower()
        elif tag == "basedOn":
            self._open.based_on = value
        elif tag == "outlineLvl":
            self._open.outline_level = number(value, _DEEPEST)
        elif tag == "numId":
            self._open.list_id = value

    def end(self, name: str) -> None:
        """Take the end of an element."""
        if local(name) == "style":
            self._open = None

    def heading_level(self, style: str | None) -> int | None:
        """Tell the level of headings of a style: 0 for the title, None where it is no heading."""
        for known in self._lineage(style):
            if known.name == "title":
                return 0
            word, _, level = known.name.partition(" ")
            if word == "heading" and level.isdigit() and len(level) == 1:
                return int(level)
            if known.outline_level is not None:
                return known.outline_level + 1 if known.outline_level < _DEEPEST else None
        return None

    def list_id(self, style: str | None) -> str | None:
        """Tell which list the paragraphs of a style belong to."""
        return next((each.list_id for each in self._lineage(style) if each.list_id), None)

    def _lineage(self, style: str | None) -> list[Style]:
        lineage: list[Style] = []
        while style in self._styles and len(lineage) < _DEEPEST:
            lineage.append(self._styles[style])
            style = lineage[-1].based_on
        return lineage


@dataclass
class _Level:
    bullet: bool = False
    first: int = 1


@dataclass
class Numbering:
    """The lists, filled from `word/numbering.xml`, and how far each was counted."""

    _abstract: dict[str, dict[int, _Level]] = field(default_factory=dict)
    _lists: dict[str, str] = field(default_factory=dict)
    _counts: dict[tuple[str, int], int] = field(default_factory=dict)
    _in_abstract: str | None = None
    _in_list: str | None = None
    _level: _Level | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take the start of an element."""
        tag, given = local(name), values(attributes)
        value = given.get("val")
        if tag == "abstractNum":
            self._in_abstract = given.get("abstractNumId", "")
        elif tag == "num":
            self._in_list = given.get("numId", "")
        elif tag == "abstractNumId" and self._in_list is not None and len(self._lists) < _MOST:
            self._lists[self._in_list] = value or ""
        elif tag == "lvl" and self._in_abstract is not None and len(self._abstract) < _MOST:
            self._level = _Level()
            levels = self._abstract.setdefault(self._in_abstract, {})
            levels[number(given.get("ilvl"), _DEEPEST) or 0] = self._level
        elif tag == "numFmt" and self._level is not None:
            self._level.bullet = value in ("bullet", "none")
        elif tag == "start" and self._level is not None:
            first = number(value)
            self._level.first = 1 if first is None else first

    def end(self, name: str) -> None:
        """Take the end of an element."""
        tag = local(name)
        if tag == "abstractNum":
            self._in_abstract = None
        elif tag == "num":
            self._in_list = None
        elif tag == "lvl":
            self._level = None

    def marker(self, list_id: str, depth: int) -> str:
        """Give what stands before the next item of a list at this depth, from 0."""
        indent = "  " * depth
        level = self._abstract.get(self._lists.get(list_id, ""), {}).get(depth, _Level(bullet=True))
        if level.bullet:
            return f"{indent}- "
        count = self._counts.get((list_id, depth), level.first - 1) + 1
        self._counts[list_id, depth] = count
        # A number of this level begins those below it anew.
        for deeper in range(depth + 1, _DEEPEST + 1):
            self._counts.pop((list_id, deeper), None)
        return f"{indent}{count}. "
