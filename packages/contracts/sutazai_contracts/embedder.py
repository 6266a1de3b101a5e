"""How the embedder is spoken to over HTTP: paths, limits, the shape of an answer.

    GET  /health/ready   200 ``{"status": "ready", "model": …, "calls": n, "texts": n}``
    GET  /model          200 ``{"name": …, "revision": …, "dimension": …, "max_tokens": …}``
    POST /embed          ``{"texts": [...], "interactive": false}`` → 200, `VECTORS_TYPE`
    POST /count          ``{"texts": [...]}`` → 200 ``{"counts": [...]}``

Vectors travel as raw little-endian float32, row after row, without a header in the body; the
headers `ROWS_HEADER` and `DIMENSION_HEADER` tell the shape. Every answer names the model by
`REVISION_HEADER`, so that a client sees when an embedder was restarted with another one. Errors
are problem documents (RFC 9457) with `code` and, where it is about one, `field`.

Only the standard library is imported here: the embedder's process is kept small.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from sutazai_contracts.errors import InvalidInput

VECTORS_TYPE = "application/vnd.sutazai.float32"
ROWS_HEADER = "x-rows"
DIMENSION_HEADER = "x-dimension"
REVISION_HEADER = "x-model-revision"

MAX_TEXTS = 256
"""Texts in one call."""
MAX_EMBED_BYTES = 64 * 1024
"""UTF-8 bytes of one text to embed."""
MAX_EMBED_CHARACTERS = 16 * 1024
"""Code points of a text that an embedder looks at: never more than `MAX_EMBED_BYTES`."""
MAX_BODY_BYTES = 32 * 1024 * 1024
"""Bytes of one request."""
SOCKET_PATH_BYTES = 107
"""Longest path of a Unix socket on Linux (unix(7): 108 bytes with the closing NUL)."""

_AFTER = frozenset(" \t\r\n!\"#$%&'()*+,-./:;<=>?@\\]^_`{|}~")
_BOUNDARY = re.compile("[" + re.escape("".join(sorted(_AFTER))) + "\u3400-\u4dbf\u4e00-\u9fff]")


def check_socket_path(path: Path) -> None:
    """Refuse a path that is too long for a Unix socket, before the system says so unclearly."""
    length = len(os.fsencode(path))
    if length > SOCKET_PATH_BYTES:
        raise InvalidInput(
            f"The path of the embedder's socket has {length} bytes and may have "
            f"{SOCKET_PATH_BYTES}: {path}. Choose a shorter home folder.",
            field="socket",
        )


def pieces(text: str, limit: int) -> Iterator[str]:
    """Cut a text into pieces whose BERT tokens together are those of the whole.

    A cut follows white space, ASCII punctuation or a CJK ideograph: a BERT tokenizer splits there
    before it looks at words. `[` is no place to cut, it may open a special token.

    Args:
        text: what to cut.
        limit: code points in a piece; a run without a place to cut stays whole.
    """
    start = 0
    while len(text) - start > limit:
        end = _cut(text, start, start + limit)
        yield text[start:end]
        start = end
    if start < len(text):
        yield text[start:]


def _cut(text: str, start: int, end: int) -> int:
    for position in range(end, start, -1):
        if _BOUNDARY.match(text, position - 1):
            return position
    found = _BOUNDARY.search(text, end)
    return found.end() if found else len(text)
