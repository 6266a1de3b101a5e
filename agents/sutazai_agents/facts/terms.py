"""Terms that a document defines, found again wherever it uses them."""

import re
from collections.abc import Iterable, Iterator

from sutazai_agents.facts.definitions import Definition
from sutazai_agents.facts.found import Found, Thing, shown
from sutazai_agents.facts.keys import name_key
from sutazai_agents.sentences import Span
from sutazai_contracts.graph import EntityKind

_WORD = re.compile(r"[^\W_]++(?:[-'’][^\W_]++)*+")
_MOST_TERMS = 256
_MOST_WORDS = 4


class Terms:
    """What a document says the meaning of, by its keys."""

    def __init__(self, definitions: Iterable[Definition | None]) -> None:
        """Take the definitions of all of its sentences."""
        defined = dict.fromkeys(
            found.subject.thing.key
            for found in definitions
            if found is not None and found.subject.thing.kind is EntityKind.TERM
        )
        self._keys = frozenset(list(defined)[:_MOST_TERMS])
        self._longest = max((len(key.split()) for key in self._keys), default=0)

    def named(self, text: str, span: Span, beside: Iterable[Found]) -> Iterator[Found]:
        """Find the terms that a sentence uses, beside what was found in it already."""
        if not self._keys:
            return
        taken = [(found.start, found.end) for found in beside]
        words = [match.span() for match in _WORD.finditer(text, *span)]
        at = 0
        while at < len(words):
            used = self._at(text, words, at)
            if not used:
                at += 1
                continue
            start, end = words[at][0], words[at + used - 1][1]
            at += used
            if not any(start < other and begin < end for begin, other in taken):
                thing = Thing(EntityKind.TERM, name_key(text[start:end]))
                yield Found(thing, shown(text[start:end]), start, end)

    def _at(self, text: str, words: list[Span], at: int) -> int:
        """Tell how many words from here on are a term; 0: none."""
        for count in range(min(self._longest, _MOST_WORDS, len(words) - at), 0, -1):
            start, end = words[at][0], words[at + count - 1][1]
            if end - start <= 80 and name_key(text[start:end]) in self._keys:
                return count
        return 0
