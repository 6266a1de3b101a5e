"""HTML: the visible text is the text, with headings, lists, tables and listings as blocks."""

import re
from typing import ClassVar

from selectolax.lexbor import LexborHTMLParser, LexborNode

from sutazai_agents.documents.nesting import flatten
from sutazai_agents.documents.parsed import Kind, Parsed, shorten
from sutazai_agents.documents.visible import Gap, VisibleText

# Never shown, or shown only where something else fails.
_UNSEEN = frozenset(
    str.split(
        "script style template noscript head title meta link iframe object embed noframes "
        "noembed datalist audio video canvas desc metadata rp"
    )
)
_HIDING_STYLE = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)\b", re.I)
_CONTAINERS: dict[str, Kind] = {
    "ul": "list",
    "ol": "list",
    "menu": "list",
    "dl": "list",
    "table": "table",
    "pre": "code",
    "listing": "code",
    "xmp": "code",
}
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_PARAGRAPHS = frozenset(str.split("p blockquote figure hr fieldset details"))
_LINES = frozenset(
    str.split(
        "address article aside body caption center dd dialog div dt figcaption footer form "
        "header hgroup html legend main nav optgroup option section select summary textarea "
        "tbody tfoot thead button"
    )
)
_DEEPEST_INDENT = 8
# What belongs to a site, not to a page of it (WAI-ARIA landmarks, and names that notices have).
_FURNITURE_ROLES = frozenset(str.split("navigation search contentinfo"))
_ARTICLES = frozenset({"article", "main"})
_NOTICES = frozenset(str.split("div section aside dialog form"))
_NOTICE = re.compile(
    r"(?<![a-z])(?:cookie|consent|gdpr|onetrust)s?[-_ ]?(?:banner|notice|consent|bar|popup|law"
    r"|message|dialog|overlay|policy[-_]?(?:banner|notice)|sdk)(?![a-z])",
    re.IGNORECASE,
)
_LONGEST_NAME = 500
# With less than this many characters left, a page is shown with all that is on it.
_ENOUGH = 200


def parse_html(html: str) -> Parsed:
    """Read a page as a person sees it: scripts, styles, comments and hidden parts are left out,
    white space is collapsed as a browser does.

    Navigation, the footer of the page and notices about cookies are left out too, where they say
    so of themselves and where enough is left that the page is not made of them.
    """
    tree = LexborHTMLParser(flatten(html))
    walk = _walked(tree, furniture=False)
    text = walk.page.joined()
    if walk.left_out and len(text) < _ENOUGH:
        walk = _walked(tree, furniture=True)
        text = walk.page.joined()
    title = _title(tree) or walk.page.outline.title
    return Parsed(text, "text/html", title, tuple(walk.page.blocks))


def _walked(tree: LexborHTMLParser, *, furniture: bool) -> "_Walk":
    walk = _Walk(furniture=furniture)
    if tree.root is not None:
        walk.through(tree.root)
    return walk


def _title(tree: LexborHTMLParser) -> str | None:
    node = tree.css_first("head > title")
    return shorten(" ".join(node.text().split())) or None if node is not None else None


class _Walk:
    """Go through the tree without recursion, since pages may be nested deeply."""

    _GAPS: ClassVar[dict[str, Gap]] = {
        **dict.fromkeys(_PARAGRAPHS, Gap.PARAGRAPH),
        **dict.fromkeys(_LINES, Gap.LINE),
    }

    def __init__(self, *, furniture: bool) -> None:
        self.page = VisibleText()
        self.left_out = False
        self._furniture = furniture
        self._articles = 0
        self._preformatted = 0
        self._numbers: list[int | None] = []

    def through(self, root: LexborNode) -> None:
        """Write down what is visible below a node."""
        above: list[tuple[LexborNode, str]] = []
        node: LexborNode | None = root
        while node is not None or above:
            if node is None:
                node, tag = above.pop()
                self._leave(tag)
            elif (tag := node.tag or "") == "-text":
                self._text(node.text_content or "")
            elif not tag.startswith("-") and not self._unseen(node, tag):
                self._enter(node, tag)
                above.append((node, tag))
                node = node.first_child
                continue
            node = node.next

    def _text(self, data: str) -> None:
        if self._preformatted:
            self.page.preformatted(data)
        else:
            self.page.text(data)

    def _unseen(self, node: LexborNode, tag: str) -> bool:
        if tag in _UNSEEN:
            return True
        attributes = node.attributes
        style = attributes.get("style")
        if "hidden" in attributes or (style and _HIDING_STYLE.search(style)):
            return True
        if self._furniture or not _is_furniture(tag, attributes, in_article=self._articles > 0):
            return False
        self.left_out = True
        return True

    def _enter(self, node: LexborNode, tag: str) -> None:
        page = self.page
        self._articles += tag in _ARTICLES
        if tag in _HEADINGS:
            page.heading()
        elif tag in _CONTAINERS:
            self._enter_container(node, tag)
        elif tag == "li":
            page.item(self._marker())
        elif tag == "tr":
            page.row()
        elif tag in ("td", "th"):
            page.cell()
        elif tag == "br":
            page.line_break()
        elif tag in self._GAPS:
            page.paragraph(self._GAPS[tag])

    def _leave(self, tag: str) -> None:
        page = self.page
        self._articles -= tag in _ARTICLES
        if tag in _HEADINGS:
            page.heading_ends(_HEADINGS[tag])
        elif kind := _CONTAINERS.get(tag):
            page.leave()
            if kind == "code":
                self._preformatted -= 1
            elif kind == "list":
                self._numbers.pop()
        elif tag == "li":
            page.item_ends()
        elif tag in self._GAPS:
            page.paragraph(self._GAPS[tag])

    def _enter_container(self, node: LexborNode, tag: str) -> None:
        kind = _CONTAINERS[tag]
        self.page.enter(kind)
        if kind == "code":
            self._preformatted += 1
        elif kind == "list":
            self._numbers.append(_first_number(node) if tag == "ol" else None)

    def _marker(self) -> str:
        """Give what a browser draws before an item; an item outside of any list has a dot too."""
        if not self._numbers:
            return "- "
        indent = "  " * (min(len(self._numbers), _DEEPEST_INDENT) - 1)
        number = self._numbers[-1]
        if number is None:
            return f"{indent}- "
        self._numbers[-1] = number + 1
        return f"{indent}{number}. "


def _is_furniture(tag: str, attributes: dict[str, str | None], *, in_article: bool) -> bool:
    if tag == "nav" or (tag == "footer" and not in_article):
        return True
    if not attributes:
        return False
    if (attributes.get("role") or "").strip().lower() in _FURNITURE_ROLES:
        return True
    named = f"{attributes.get('id') or ''} {attributes.get('class') or ''}"[:_LONGEST_NAME]
    return tag in _NOTICES and bool(_NOTICE.search(named))


def _first_number(node: LexborNode) -> int:
    start = node.attributes.get("start") or "1"
    return int(start) if re.fullmatch(r"-?[0-9]{1,9}", start) else 1
