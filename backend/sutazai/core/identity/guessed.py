"""Passwords that are tried first: those that were stolen often, and words of this house."""

import hashlib
import re
from bisect import bisect_left
from functools import cache
from importlib.resources import files

# The file holds, sorted, so many bytes of the SHA-256 of each: a password that is not of the list
# is taken for one of it with a probability of 4e-8. `make stolen-passwords` writes it anew, byte by
# byte the same; stolen_passwords.LICENSE says whose the list is.
KEPT = 5
LIST = "stolen_passwords.bin"
# What somebody who knows this product, but not the person, puts into a guess. The page
# docs/reference/security.md names them too.
WORDS = (
    *("sutazai", "administrator", "admin", "password", "passwort", "dashboard", "login"),
    *("member", "viewer", "tenant", "agent", "tinyllama", "ollama", "localhost"),
)
# Shorter parts of an address are in any sentence.
_SHORTEST_PART = 3


def is_common(password: str) -> bool:
    """Tell whether a password is one of those that thefts showed to be chosen most, in any case.

    The list: 43 534 of 12 characters or more, 4 of them different, all that are so among the
    million that SecLists gives as the most frequent of Mark Burnett's ten million (2015).
    """
    digest = kept(password)
    known = _known()
    place = bisect_left(range(len(known) // KEPT), digest, key=lambda at: _entry(known, at))
    return _entry(known, place) == digest


def kept(password: str) -> bytes:
    """Give what the list keeps of a password, which is the same in any case."""
    return hashlib.sha256(password.casefold().encode("utf-8", "surrogatepass")).digest()[:KEPT]


def left_beside_words(password: str, email: str) -> int:
    """Count the characters of a password beside words of this house and parts of its address."""
    parts = [part for part in re.split(r"[@.+_-]", email.casefold()) if len(part) >= _SHORTEST_PART]
    # Longer ones first: `administrator` leaves nothing of itself.
    words = sorted({*WORDS, *parts}, key=len, reverse=True)
    return len(re.sub("|".join(map(re.escape, words)), "", password.casefold()))


def _entry(known: bytes, place: int) -> bytes:
    return known[place * KEPT : (place + 1) * KEPT]


@cache
def _known() -> bytes:
    return files("sutazai.core.identity").joinpath(LIST).read_bytes()
