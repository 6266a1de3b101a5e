"""Vectors that somebody waited for, kept for the next who asks: in memory alone."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

# At 384 numbers and some 200 bytes for the key, 7 MB.
MOST = 4096
_KEY_BYTES = 16


class KeptVectors:
    """The vectors of texts, least lately used out first; texts themselves are not kept."""

    def __init__(self, most: int = MOST) -> None:
        """Take how many are kept."""
        self._most = most
        self._rows: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()

    def take(self, text: str) -> NDArray[np.float32] | None:
        """Give a text's vector, shape `(dimension,)`; None where it is not kept."""
        key = _key(text)
        row = self._rows.get(key)
        if row is not None:
            self._rows.move_to_end(key)
        return row

    def keep(self, texts: Iterable[str], rows: NDArray[np.float32]) -> None:
        """Keep the vectors of texts, one row each."""
        for text, row in zip(texts, rows, strict=True):
            # A copy: a row of a matrix would keep the whole of it.
            self._rows[_key(text)] = row.copy()
        while len(self._rows) > self._most:
            self._rows.popitem(last=False)


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=_KEY_BYTES).digest()
