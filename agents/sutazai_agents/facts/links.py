"""Links to other documents and to pages of the web, and the document's own structure."""

import re
from collections.abc import Iterator, Sequence
from urllib.parse import unquote

from sutazai_agents.facts.found import Found, Thing, shown
from sutazai_contracts.graph import EntityKind, unaccented

_INLINE = re.compile(r"\]\(\s{0,3}<?(?P<target>[^\s()<>\"']{1,500})")
_BARE = re.compile(r"\bhttps?://[^\s()<>\[\]\"'`]{3,500}", re.IGNORECASE)
# A file of a folder that was brought in is called `docs:adr:0001.md`.
_FOLDERS = re.compile(r"[/\\:]")
_WEB = re.compile(r"https?://", re.IGNORECASE)
_OTHER_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def document_thing(name: str) -> Thing:
    """Give a document as an entity, by its name without folders, however they are told apart."""
    return Thing(EntityKind.DOCUMENT, _key_of(_FOLDERS.split(name)[-1]) or shown(name))


def _key_of(file: str) -> str:
    return shown(unaccented(file))


def section_thing(document: Thing, path: Sequence[str]) -> Thing:
    """Give a section of a document as an entity, by its headings."""
    return Thing(EntityKind.SECTION, shown(unaccented(" > ".join((document.key, *path)))))


def links(text: str, start: int, end: int) -> Iterator[Found]:
    """Find where a text at `start:end` leads: Markdown's links, and addresses as they are."""
    for match in _INLINE.finditer(text, start, end):
        target = match["target"]
        if not _WEB.match(target) and (thing := _file(target)) is not None:
            yield Found(thing, shown(unquote(target.partition("#")[0])), *match.span("target"))
    for match in _BARE.finditer(text, start, end):
        address = match[0].rstrip(".,;:!?*_")
        thing = Thing(EntityKind.WEB_PAGE, shown(_without_fragment(address)))
        yield Found(thing, shown(address), match.start(), match.start() + len(address))


def _without_fragment(address: str) -> str:
    scheme, _, rest = address.partition("#")[0].partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme.lower()}://{host.lower()}{slash}{path}".rstrip("/")


def _file(target: str) -> Thing | None:
    path = unquote(target.partition("#")[0].partition("?")[0])
    if not path.strip("./ ") or _OTHER_SCHEME.match(path) or path.endswith("/"):
        return None
    return document_thing(path) if _key_of(_FOLDERS.split(path)[-1]) else None
