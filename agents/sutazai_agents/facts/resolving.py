"""Which names of a document are short forms of others: "Berg" and "A. Berg" of "Anna Berg"."""

from collections.abc import Iterable, Mapping

from sutazai_agents.facts.found import Found, Thing
from sutazai_contracts.graph import EntityKind

# More names than that, or more that share a word, are not held against one another.
_MOST_NAMES = 2000
_MOST_ALIKE = 64
_SMALL = frozenset(str.split("of the and for de la le van von der den du"))


def short_forms(found: Iterable[Found]) -> Mapping[Thing, Thing]:
    """Tell which names stand for longer ones of the same document.

    A name does where one longer name, and no other, begins or ends with its words, or has its
    initials: of two people called Berg, "Berg" stays by itself.

    Args:
        found: what a document names.

    Returns:
        The longest form by the short one; names that are none are left out.
    """
    shown: dict[str, str] = {}
    for one in found:
        if one.thing.kind is EntityKind.NAME and len(shown) < _MOST_NAMES:
            shown.setdefault(one.thing.key, one.name)
    by_word: dict[str, list[str]] = {}
    for key in shown:
        for mark in _marks(key):
            by_word.setdefault(mark, []).append(key)
    longest: dict[str, str] = {}
    # Long ones first, so that what a name is short for is known to be long itself.
    for key in sorted(sorted(shown), key=_length, reverse=True):
        candidates = {
            longest.get(other, other)
            for mark in _marks(key)
            for other in by_word[mark][:_MOST_ALIKE]
            if other != key and _is_short_for(key, shown[key], other)
        }
        if len(candidates) == 1:
            longest[key] = candidates.pop()
    name = EntityKind.NAME
    return {Thing(name, short): Thing(name, long) for short, long in longest.items()}


def _length(key: str) -> tuple[int, int]:
    words = key.split()
    return sum(len(word) > 1 for word in words), len(words)


def _marks(key: str) -> set[str]:
    """Give what a name shares with those it may be short for, and no more of it than needed."""
    words = key.split()
    return {words[0], words[-1], _initials(words)}


def _initials(words: list[str]) -> str:
    big = [word for word in words if word not in _SMALL]
    return "".join(word[0] for word in big) if len(big) > 1 else ""


def _is_short_for(key: str, name: str, other: str) -> bool:
    words, longer = key.split(), other.split()
    if len(words) == 1 and name.isupper() and len(key) > 1:
        return key == _initials(longer)
    if len(words) < len(longer):
        if words in (longer[: len(words)], longer[-len(words) :]):
            return not any(word in _SMALL for word in (words[0], words[-1]))
        return _by_initials(words, longer)
    return (
        len(words) == len(longer) and _length(key) < _length(other) and _by_initials(words, longer)
    )


def _by_initials(words: list[str], longer: list[str]) -> bool:
    """Tell "a berg" of "anna berg", and of "anna maria berg"."""
    if len(words) < 2 or words[-1] != longer[-1] or not any(len(word) == 1 for word in words[:-1]):
        return False
    return all(
        long.startswith(word) if len(word) == 1 else long == word
        for word, long in zip(words[:-1], longer, strict=False)
    )
