"""Which kind of text a document is: told by what it holds, by its name only where both fit."""

import re
from pathlib import PurePosixPath

from sutazai_agents.documents.parsed import MediaType

_LOOK = 64 * 1024
_PAGE = re.compile(
    r"(?:\s|<!--.{0,4000}?-->|<\?xml\b[^>]{0,500}\?>)*+<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
_FRAGMENT = re.compile(
    r"\s*+<(?:!--|article|aside|blockquote|center|div|dl|footer|form|h[1-6]|header|hr|main|nav|ol|p"
    r"|pre|section|span|table|title|ul|meta|link|style|script)\b",
    re.IGNORECASE,
)
_CLOSING = re.compile(r"</[a-z][a-z0-9]*\s*>", re.IGNORECASE)
# What Markdown has and other text seldom: headings (between blank lines, as comments of code are
# not), fences, links, tables, emphasis, lists of marked items.
_SIGNS = (
    re.compile(r"^#{1,6} \S[^\n]*+\n(?:\n|\Z)", re.MULTILINE),
    re.compile(r"^ {0,3}(?:```|~~~)[^`\n]*+$", re.MULTILINE),
    re.compile(r"\[[^\]\n]{1,200}\]\([^)\s]{1,500}\)"),
    re.compile(r"^ {0,3}\|?(?: ?:?-{3,}:? ?\|)++ ?:?-{3,}:? ?\|?$", re.MULTILINE),
    re.compile(r"(?<![\w*])\*\*[^\s*][^*\n]{0,200}\*\*(?![\w*])"),
    re.compile(r"(?<![`\w])`[^`\n]{1,100}`(?![`\w])"),
    re.compile(r"^[^\s#>|-][^\n]{0,200}\n(?:={3,}|-{3,})$", re.MULTILINE),
    re.compile(r"^ {0,3}[-*+] \S[^\n]*+\n+ {0,3}[-*+] \S", re.MULTILINE),
)
_ENOUGH_SIGNS = 2
_MARKDOWN_NAMES = {".md", ".markdown", ".mdown", ".mkd", ".mdx"}
_HTML_NAMES = {".html", ".htm", ".xhtml"}
_TEXT_NAMES = {"", ".txt", ".text"}


def media_type(text: str, name: str) -> MediaType:
    """Tell which kind of text this is; `name` decides between kinds that the text fits alike."""
    suffix = PurePosixPath(name.lower()).suffix
    start = text[:_LOOK]
    if _PAGE.match(start):
        return "text/html"
    if suffix in _MARKDOWN_NAMES:
        return "text/markdown"
    markdown = sum(bool(sign.search(start)) for sign in _SIGNS)
    if suffix in _HTML_NAMES and _CLOSING.search(start):
        return "text/html"
    # Markdown may begin with HTML, so a fragment is one only without any sign of Markdown.
    if markdown == 0 and _FRAGMENT.match(start) and _CLOSING.search(start):
        return "text/html"
    if suffix in _TEXT_NAMES and markdown >= _ENOUGH_SIGNS and not start.startswith("#!"):
        return "text/markdown"
    return "text/plain"
