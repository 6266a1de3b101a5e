"""What a text says that something is: "A berth is a place for a ship"."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sutazai_agents.facts.found import Found, Thing, shown
from sutazai_agents.facts.keys import name_key
from sutazai_agents.sentences import Span
from sutazai_contracts.graph import EntityKind

_IS_A = re.compile(
    r"(?:(?:an?|the)\s)?(?P<subject>[^,.;:()\[\]|\n]{2,60}?)\s(?:is|are|was|were)\s"
    r"(?:an?|the|one\sof\sthe)\s(?P<object>[^,.;:()\[\]|\n]{3,80})",
    re.IGNORECASE,
)
_MARKS = re.compile(r"[\s>#*_\"“'‘-]*+")
# What follows the words that name a class: "a berth *for* a ship".
_ENDS = re.compile(
    r"\s(?:that|which|who|whose|where|when|in|on|of|for|with|to|from|by|at|and|or|but|as|than|near|"
    r"used|made|built|found|founded|is|are|was|were|has|have|it|he|she|they|we|you|into|between)\b.*",
    re.IGNORECASE | re.DOTALL,
)
_NO_SUBJECT = frozenset(
    str.split(
        "it this that these those there he she they we you i who what which where when one "
        "here how why and but or if so as in on at to of not no each every all some any"
    )
)
_MOST_WORDS = 4


@dataclass(frozen=True, slots=True)
class Definition:
    """What is said to be what, and where."""

    subject: Found
    object: Found
    span: Span


def definition(text: str, span: Span, named: Sequence[Found]) -> Definition | None:
    """Find what a sentence says that its subject is; a name counts as itself, else it is a term.

    Args:
        text: the document's.
        span: where the sentence stands.
        named: the names in it.
    """
    begin = _MARKS.match(text, *span)
    match = _IS_A.match(text, begin.end() if begin else span[0], span[1])
    if match is None:
        return None
    cut = _ENDS.sub("", match["object"])
    subject = _thing(text, *match.span("subject"), named)
    what = _thing(text, match.start("object"), match.start("object") + len(cut), named)
    if subject is None or what is None or subject.thing == what.thing:
        return None
    return Definition(subject, what, match.span())


def _thing(text: str, start: int, end: int, named: Iterable[Found]) -> Found | None:
    for found in named:
        # The name has the last word: "the engineer Anna Berg".
        if found.start >= start and found.end == end:
            return found
    words = text[start:end].split()
    if not 1 <= len(words) <= _MOST_WORDS or _NO_SUBJECT & {word.casefold() for word in words}:
        return None
    key = name_key(text[start:end])
    if len(key) < 3 or key.replace(" ", "").isdigit():
        return None
    return Found(Thing(EntityKind.TERM, key), shown(text[start:end]), start, end)
