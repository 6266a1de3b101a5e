"""Pages of lists: an opaque cursor that names the last item seen."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sutazai_contracts.errors import InvalidInput

Item = TypeVar("Item")
_FOREIGN = "this cursor was not given by this list"


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some items of a list, and the cursor of those that follow."""

    items: Sequence[Item]
    next: str | None = None


def encode_cursor(position: str) -> str:
    """Make a cursor of a position in the list's own order."""
    return base64.urlsafe_b64encode(position.encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> str:
    """Read a cursor.

    Raises:
        InvalidInput: it was not made by `encode_cursor`.
    """
    padded = cursor + "=" * (-len(cursor) % 4)
    try:
        position = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError) as exc:
        raise InvalidInput(_FOREIGN, field="cursor") from exc
    # No name has one, and PostgreSQL takes none.
    if "\x00" in position:
        raise InvalidInput(_FOREIGN, field="cursor")
    return position
