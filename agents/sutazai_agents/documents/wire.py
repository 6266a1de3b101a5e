"""What the parser child and its parent say to one another, over one socket.

Frames: a kind of one byte, a length of four (network order), the body. The parent sends `NAME` and
`DATA`; the child answers `TAKEN` at once, `PAGE` now and then, and at last `TEXT`, `BLOCKS` and
`DONE`, or `REFUSED`, or `TOO_LARGE` where its memory did not suffice.
"""

import json
import struct
from collections.abc import Iterable, Iterator

from sutazai_agents.documents.parsed import Block, Kind, Parsed

NAME, DATA, TAKEN, PAGE = b"n", b"d", b"a", b"p"
TEXT, BLOCKS, DONE, REFUSED, TOO_LARGE = b"t", b"b", b"h", b"r", b"m"
HEAD = struct.Struct("!cI")
_KINDS: tuple[Kind, ...] = ("heading", "paragraph", "list", "table", "code")
_BLOCK = struct.Struct("!IIIB")


def frame(kind: bytes, body: bytes | bytearray = b"") -> bytes:
    """Make a frame."""
    return HEAD.pack(kind, len(body)) + bytes(body)


def page_frame(done: int, total: int) -> bytes:
    """Make the frame that tells of pages."""
    return frame(PAGE, struct.pack("!II", done, total))


def pages(body: bytes) -> tuple[int, int]:
    """Read what a frame tells of pages: how many are read, and of how many."""
    done, total = struct.unpack("!II", body)
    return done, total


def refused_frame(reason: str, *, last: bool) -> bytes:
    """Make the frame that refuses a document; `last` says that the child ends now."""
    return frame(REFUSED, bytes([last]) + reason.encode(errors="replace"))


def refusal(body: bytes) -> tuple[str, bool]:
    """Read why a document is refused, and whether the child ends now."""
    return body[1:].decode(errors="replace"), body[:1] != b"\0"


def parsed_frames(parsed: Parsed, *, last: bool) -> Iterator[bytes]:
    """Make the frames of a document that was read; `last` says that the child ends now."""
    yield frame(TEXT, parsed.text.encode())
    paths: dict[tuple[str, ...], int] = {}
    packed = bytearray()
    for block in parsed.blocks:
        number = paths.setdefault(block.heading_path, len(paths))
        packed += _BLOCK.pack(block.start, block.end, number, _KINDS.index(block.kind))
    yield frame(BLOCKS, packed)
    head = {
        "media_type": parsed.media_type,
        "title": parsed.title,
        "pages": parsed.pages,
        "warnings": parsed.warnings,
        "paths": list(paths),
        "last": last,
    }
    yield frame(DONE, json.dumps(head).encode())


def read_parsed(text: bytes, blocks: bytes, head: bytes) -> tuple[Parsed, bool]:
    """Read the frames of a document that was read, and whether the child ends now.

    Raises:
        ValueError: they do not fit together: a document has got hold of the child.
    """
    try:
        said = json.loads(head)
        paths = [tuple(map(_string, path)) for path in said["paths"]]
        whole = text.decode()
        title, pages_ = said["title"], said["pages"]
        parsed = Parsed(
            whole,
            _string(said["media_type"]),
            None if title is None else _string(title),
            tuple(_blocks(_BLOCK.iter_unpack(blocks), paths, len(whole))),
            None if pages_ is None else int(pages_),
            tuple(map(_string, said["warnings"])),
        )
        return parsed, bool(said["last"])
    except (KeyError, IndexError, TypeError, struct.error) as exc:
        raise ValueError(str(exc)) from exc


def _blocks(
    packed: Iterable[tuple[int, ...]], paths: list[tuple[str, ...]], length: int
) -> Iterator[Block]:
    done = 0
    for start, end, path, kind in packed:
        if not done <= start < end <= length:
            raise ValueError("blocks overlap")
        yield Block(start, end, paths[path], _KINDS[kind])
        done = end


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"no string: {value!r:.40}")
    return value
