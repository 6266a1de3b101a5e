"""Names: words with capitals that stand together, told from words that begin a sentence."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sutazai_agents.facts.found import Found, Thing, shown
from sutazai_agents.facts.keys import name_key, without_possessive
from sutazai_agents.sentences import Span
from sutazai_contracts.graph import EntityKind

_WORD = re.compile(r"[^\W_]++(?:[-'’&][^\W_]++)*+")
# What joins the words of a name: a space, also after an initial or a title.
_GAP = re.compile(r" {1,2}|\. ?| & ")
_SENTENCE_END = re.compile(r"[.!?…][\"'”’»)*_`]{0,4}\s*$")
_ABBREVIATED = frozenset({"dr", "mr", "mrs", "ms", "prof", "st", "jr", "sr"})
_INSIDE = frozenset(str.split("of de van von der den la le du da del di dos el al ben bin for the"))
# What begins a sentence and is no name, beside words that the document writes small elsewhere.
_STARTERS = frozenset(
    str.split(
        "a about above after again all almost also although always am an and another any anyone "
        "are as at be because been before both but by can could did do does during each either "
        "enter every everyone everything few finally first for from given had has have having he "
        "hence her here hers his how however i if in indeed instead into is it its itself last "
        "later less let like many may maybe me meanwhile more most much must my near neither never "
        "next no nobody none nor not nothing now of often on once one only or other others our out "
        "over per perhaps please quite rather see several she should since so some someone "
        "something sometimes soon still such take than that the their them then there these they "
        "this those though three through thus to today together tomorrow too two under unless "
        "until up upon us use very was we were what whatever when whenever where whether which "
        "while who whoever whom whose why will with within without would yes yesterday yet you "
        "your according among around behind below beside besides between beyond despite except "
        "inside outside throughout toward towards via"
    )
)
_CALENDAR = frozenset(
    str.split(
        "monday tuesday wednesday thursday friday saturday sunday january february march april "
        "may june july august september october november december am pm"
    )
)
# A lone word at the beginning is a name where it is singular and stands without an article.
_SINGULAR = frozenset({"is", "was", "has", "had", "lies", "makes", "made", "owns", "founded"})
_TITLE_CASE = 0.7
_LEAST_OF_TITLE = 6
_LONGEST = 8


@dataclass(frozen=True, slots=True)
class Capitals:
    """Which words a document writes small, and which large inside of a sentence."""

    small: frozenset[str]
    inside: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Word:
    start: int
    end: int
    text: str

    @property
    def large(self) -> bool:
        return self.text[0].isupper() and self.text != "I"

    @property
    def low(self) -> str:
        return without_possessive(self.text).casefold()


def capitals(text: str, spans: Iterable[Span]) -> Capitals:
    """Learn how a document writes its words, sentence by sentence."""
    small: set[str] = set()
    inside: set[str] = set()
    for span in spans:
        words = _words(text, span)
        if _is_title(text, span, words):
            continue
        for number, word in enumerate(words):
            if not word.large:
                small.add(word.low)
            elif number:
                inside.add(word.low)
    return Capitals(frozenset(small), frozenset(inside))


def names(text: str, span: Span, known: Capitals) -> Iterator[Found]:
    """Find the names in a sentence; none in one that is written in capitals, as a title is.

    Args:
        text: the document's.
        span: where the sentence stands.
        known: how the document writes words.
    """
    words = _words(text, span)
    if _is_title(text, span, words):
        return
    first = 0
    while first < len(words):
        last = _end_of_name(text, words, first)
        if last == first:
            first += 1
            continue
        yield from _name(text, words, first, last, known)
        first = last


def _words(text: str, span: Span) -> list[_Word]:
    return [_Word(m.start(), m.end(), m[0]) for m in _WORD.finditer(text, *span)]


def _is_title(text: str, span: Span, words: Sequence[_Word]) -> bool:
    """Tell what is written in capitals, and what in title case: that does not end as a sentence."""
    if len(words) < _LEAST_OF_TITLE:
        return False
    if all(word.text.isupper() for word in words):
        return True
    large = sum(word.large for word in words)
    return large >= _TITLE_CASE * len(words) and not _SENTENCE_END.search(text[slice(*span)])


def _end_of_name(text: str, words: Sequence[_Word], first: int) -> int:
    """Give where the name ends that begins here; `first` where none does."""
    if not words[first].large:
        return first
    end = at = first + 1
    while at < len(words) and at - first < _LONGEST and _joined(text, words[at - 1], words[at]):
        word = words[at]
        if word.large or (word.text.isdigit() and len(word.text) <= 4 and at == end):
            end = at + 1
        elif word.text not in _INSIDE:
            break
        at += 1
    return end


def _joined(text: str, before: _Word, after: _Word) -> bool:
    gap = text[before.end : after.start]
    if not _GAP.fullmatch(gap):
        return False
    if gap.startswith("."):
        return len(before.text) == 1 or before.low in _ABBREVIATED
    # "Berg's Halden" are two names.
    return without_possessive(before.text) == before.text


def _name(
    text: str, words: Sequence[_Word], first: int, last: int, known: Capitals
) -> Iterator[Found]:
    begins = first == 0
    while first < last and _is_no_name(text, words[first], begins and first == 0, known):
        first += 1
        while first < last and not words[first].large:
            first += 1
    if first == last:
        return
    if begins and first == 0 and last == 1 and not _is_name_alone(words, known):
        return
    start, end = words[first].start, words[last - 1].end
    name = shown(without_possessive(text[start:end]))
    key = name_key(name)
    if len(key) > 1 and key not in _CALENDAR and not key.isdigit():
        yield Found(Thing(EntityKind.NAME, key), name, start, start + len(text[start:end]))


def _is_no_name(text: str, word: _Word, begins: bool, known: Capitals) -> bool:
    """Tell a word that is large only because a sentence begins with it."""
    if word.low in _STARTERS:
        return not (len(word.text) == 1 and text.startswith(".", word.end))  # an initial
    return begins and word.low in known.small and word.low not in known.inside


def _is_name_alone(words: Sequence[_Word], known: Capitals) -> bool:
    word = words[0]
    marked = any(sign.isupper() or sign.isdigit() for sign in word.text[1:])
    following = words[1].low if len(words) > 1 else ""
    belongs = without_possessive(word.text) != word.text
    return marked or belongs or word.low in known.inside or following in _SINGULAR
