"""Which extracts make the answer: the best ones that say different things, whole enough to read."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sutazai_agents.writer.extracts import LONGEST_QUOTE
from sutazai_agents.writer.scoring import Candidate, Reading

# Under this score the best extract answers nothing: of the labelled questions of `tests/quality`,
# 62 of the 64 with an answer and 4 of the 30 without are above it.
LEAST_SCORE = 0.4
MOST_EXTRACTS = 4
# What the graph joins to the best quote needs less: of the labelled questions of two documents in
# `tests/quality`, the extracts that answer are above it, and the others of their passages below.
_LEAST_OF_LEAD = 0.17
# What is much worse than the best extract tells nothing more.
_SHARE_OF_BEST = 0.75
# So alike are two extracts that say the same, by the words that they share.
_SAME = 0.8
# A sentence this short says more with the one after it.
_SHORT = 60
_NUMBER = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Chosen:
    """Neighbouring extracts of a passage, from `first` to `last`, that are quoted as one."""

    passage: int
    first: int
    last: int
    start: int
    end: int
    score: float
    has_code: bool


def choose(reading: Reading, scores: Mapping[int, float]) -> list[Chosen]:
    """Choose what is quoted, best first.

    Args:
        reading: the passages.
        scores: of those candidates that were scored, by their number.

    Returns:
        At most `MOST_EXTRACTS`; none where no candidate reaches `LEAST_SCORE`.
    """
    best = max(scores.values(), default=0.0)
    enough = max(LEAST_SCORE, _SHARE_OF_BEST * best)
    chosen: list[Chosen] = []
    taken: list[Candidate] = []
    for number in sorted(scores, key=lambda number: (-scores[number], number)):
        candidate = reading.candidates[number]
        if scores[number] < enough or len(taken) == MOST_EXTRACTS:
            break
        if any(_same(candidate, other, reading) for other in taken):
            continue
        whole = _whole(candidate, reading, scores[number])
        if _only_asks(whole, reading):
            continue
        taken.append(candidate)
        chosen = _with(chosen, whole, reading)
    return chosen


def with_lead(
    chosen: Sequence[Chosen], reading: Reading, scores: Mapping[int, float]
) -> list[Chosen]:
    """Put after the best quote the extract that it leads to, where one fits.

    Args:
        chosen: what is quoted, best first; not empty.
        reading: the passages.
        scores: of the candidates that it may lead to, by their number.

    Returns:
        At most `MOST_EXTRACTS`, the best one first as it was.
    """
    best, rest = chosen[0], chosen[1:]
    for number in sorted(scores, key=lambda number: (-scores[number], number)):
        if scores[number] < _LEAST_OF_LEAD:
            break
        # How sure the answer is, the quote that fits by itself says.
        lead = _whole(reading.candidates[number], reading, min(scores[number], best.score))
        if _meet(best, lead):
            break
        if not _only_asks(lead, reading):
            others = [each for each in rest if not _meet(each, lead)]
            return [best, lead, *others][:MOST_EXTRACTS]
    return list(chosen)


def _meet(one: Chosen, other: Chosen) -> bool:
    return one.passage == other.passage and one.first <= other.last and other.first <= one.last


def _same(one: Candidate, other: Candidate, reading: Reading) -> bool:
    """Tell whether two candidates say the same, or are the same place of a document."""
    first, second = reading.passages[one.passage], reading.passages[other.passage]
    if one.passage != other.passage and first.document.id == second.document.id:
        start, end = first.start + one.extract.start, first.start + one.extract.end
        if start < second.start + other.extract.end and second.start + other.extract.start < end:
            return True
    # Two prices for one thing are worth two quotes.
    if _numbers(one.words) != _numbers(other.words):
        return False
    either = one.words | other.words
    return len(one.words & other.words) >= _SAME * len(either)


def _only_asks(chosen: Chosen, reading: Reading) -> bool:
    text = reading.passages[chosen.passage].text
    return text.endswith("?", chosen.start, chosen.end)


def _numbers(words: Iterable[str]) -> set[str]:
    return {word for word in words if _NUMBER.search(word)}


def _whole(candidate: Candidate, reading: Reading, score: float) -> Chosen:
    """Take with an extract what it can't be understood without."""
    row = reading.of_passage(candidate.passage)
    first = last = candidate.number
    if candidate.extract.kind == "code":
        first = _lead(row, first)
    if _length(row, first, last) > LONGEST_QUOTE:
        first = last
    last = _followed(row, first, last)
    return _span(row, first, last, score)


def _lead(row: Sequence[Candidate], number: int) -> int:
    """Find the sentence that leads to a line of code: "Run this:"."""
    lead = number
    while lead and row[lead].extract.kind == "code" and _adjoin(row, lead - 1):
        lead -= 1
    return lead if row[lead].text.endswith(":") else number


def _followed(row: Sequence[Candidate], first: int, last: int) -> int:
    """Find how far an extract goes on."""
    end = first
    while (
        end + 1 < len(row)
        and _adjoin(row, end)
        and _goes_with(row[first], row[end], row[end + 1])
        and _length(row, first, end + 1) <= LONGEST_QUOTE
    ):
        end += 1
    return max(end, last)


def _goes_with(opening: Candidate, before: Candidate, following: Candidate) -> bool:
    """Tell whether an extract goes with what opens a quote: it was announced or asked for, or the
    opening is too short alone.
    """
    one, other = before.extract, following.extract
    if opening.text.endswith(":"):
        return before is opening or one.block == other.block or one.kind == other.kind == "item"
    if before is not opening:
        return False
    is_short = one.kind == "prose" and one.block == other.block and len(opening.text) < _SHORT
    return is_short or opening.text.endswith("?")


def _adjoin(row: Sequence[Candidate], number: int) -> bool:
    """Tell whether no heading stands between an extract and the next one."""
    return row[number].extract.section == row[number + 1].extract.section


def _length(row: Sequence[Candidate], first: int, last: int) -> int:
    return row[last].extract.end - row[first].extract.start


def _span(row: Sequence[Candidate], first: int, last: int, score: float) -> Chosen:
    return Chosen(
        passage=row[first].passage,
        first=first,
        last=last,
        start=row[first].extract.start,
        end=row[last].extract.end,
        score=score,
        has_code=any(each.extract.kind == "code" for each in row[first : last + 1]),
    )


def _with(chosen: Sequence[Chosen], new: Chosen, reading: Reading) -> list[Chosen]:
    """Add an extract, as a part of a neighbour that is chosen already where there is one."""
    for place, other in enumerate(chosen):
        if other.passage != new.passage:
            continue
        first, last = min(other.first, new.first), max(other.last, new.last)
        overlap = new.first <= other.last and other.first <= new.last
        row = reading.of_passage(new.passage)
        touch = overlap or (
            last - first == (other.last - other.first) + (new.last - new.first) + 1
            and all(_adjoin(row, number) for number in range(first, last))
        )
        if touch and _length(row, first, last) <= LONGEST_QUOTE:
            rest = [*chosen[:place], *chosen[place + 1 :]]
            return _ordered(
                _with(rest, _span(row, first, last, max(other.score, new.score)), reading)
            )
        if overlap:
            return list(chosen)
    return _ordered([*chosen, new])


def _ordered(chosen: Iterable[Chosen]) -> list[Chosen]:
    return sorted(chosen, key=lambda each: -each.score)
