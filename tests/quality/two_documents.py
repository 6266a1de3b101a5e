"""Make up questions whose answer stands in a document that only another one leads to.

`python -m tests.quality.two_documents` writes `two_documents.toml` again: the seed is fixed.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

SEED = 20261130
WRITTEN = Path(__file__).parent / "two_documents.toml"
# Of each kind there are so many pairs of documents, and for so many of them a question.
PAIRS, ASKED = 40, 16
_BEGINNINGS = "Bal Cor Dren Fal Gar Hal Jor Kel Lun Mor Nor Or Pel Quen Ros Sel Tor Ul Vel Wen"
_ENDINGS = "ander berg dal eth field gard holm ick land mark nes ova rick stad thorpe und vik wyn"


@dataclass(frozen=True)
class Pair:
    """Two documents that a name joins, a question, and what of the second answers it."""

    first: str
    second: str
    question: str
    answer: str


class _Words:
    """Made-up names, none twice."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        names = [begin + end for begin in _BEGINNINGS.split() for end in _ENDINGS.split()]
        chance.shuffle(names)
        self._names = iter(names)

    def name(self) -> str:
        return next(self._names)

    def one_of(self, words: str) -> str:
        return self._chance.choice(words.split())

    def number(self, low: int, high: int) -> int:
        return self._chance.randrange(low, high)


def _of_a_maker(words: _Words) -> Pair:
    machine, company, town = words.name(), words.name(), words.name()
    kind = words.one_of("crane pump engine winch loom press")
    company += " " + words.one_of("Works Brothers Foundry")
    return Pair(
        f"The {machine} {words.number(2, 90)} is a {kind} that lifts {words.number(2, 900)} kg. "
        f"It was made by {company} and is still in use.",
        f"{company} has a yard in {town} with {words.number(20, 900)} workers. "
        "Its gates open at seven in the morning.",
        f"In which town is the yard of the company that made the {machine} {kind}?",
        town,
    )


def _of_an_author(words: _Words) -> Pair:
    subject, given, family = words.name(), words.name(), words.name()
    field = words.one_of("geology botany law medicine music optics painting chemistry")
    return Pair(
        f"The report on the flood of {subject} was written by {given} {family}. "
        f"It has {words.number(20, 400)} pages and two maps.",
        f"{given} {family} studied {field} and plays the organ on Sundays.",
        f"What did the author of the report on the flood of {subject} study?",
        field,
    )


def _of_an_island(words: _Words) -> Pair:
    ship, island = words.name(), words.name()
    people = words.number(100, 9000)
    return Pair(
        f"The ferry {ship} sails to the island of {island} twice a day. "
        f"The crossing takes {words.number(10, 90)} minutes.",
        f"On {island} live {people} people, most of them from fishing. There is one school.",
        f"How many people live on the island that the ferry {ship} sails to?",
        str(people),
    )


_KINDS: tuple[Callable[[_Words], Pair], ...] = (_of_a_maker, _of_an_author, _of_an_island)


def pairs() -> list[Pair]:
    """Make up all pairs of documents, in turns of the kinds."""
    words = _Words(random.Random(SEED))
    return [kind(words) for _ in range(PAIRS) for kind in _KINDS]


def text() -> Iterator[str]:
    """Give the file: every pair, those that are asked first."""
    yield f"# Made by `python -m tests.quality.two_documents`: {PAIRS} pairs of documents of each"
    yield f"# of {len(_KINDS)} kinds; the first {ASKED} of each have a question that both answer."
    for number, pair in enumerate(pairs()):
        yield ""
        yield "[[pair]]"
        yield f'first = "{pair.first}"'
        yield f'second = "{pair.second}"'
        if number < ASKED * len(_KINDS):
            yield f'question = "{pair.question}"'
            yield f'answer = "{pair.answer}"'


if __name__ == "__main__":
    WRITTEN.write_text("\n".join(text()) + "\n", "utf-8")
