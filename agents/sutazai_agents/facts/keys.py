"""Keys: names of one thing, however they are written, come to the same."""

import re

from sutazai_agents.facts.found import shown
from sutazai_contracts.graph import folded

_POSSESSIVE = re.compile(r"(?:['’]s|(?<=s)['’])(?!\w)", re.IGNORECASE)
_LEADING = re.compile(
    r"(?:the|mr|mrs|ms|miss|mx|dr|prof|professor|sir|dame|herr|frau|captain|st) (?=\w)"
)


def name_key(name: str) -> str:
    """Give the key of a name: words without case, accents, possessives, articles and titles.

    Returns:
        Words with single spaces between; empty where the name holds none.
    """
    words = folded(_POSSESSIVE.sub("", name))
    while (shorter := _LEADING.sub("", words, count=1)) != words and _LEADING.match(words):
        words = shorter
    return shown(words)


def without_possessive(name: str) -> str:
    """Leave out what says that something belongs to a name: "Berg's" is "Berg"."""
    return _POSSESSIVE.sub("", name)
