"""The claims of an answer: its sentences, or its quotes, each with the numbers of its citations."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sutazai_agents.sentences import sentences, whole_lines
from sutazai_contracts.knowledge import Answer

MARK = re.compile(r"\[(\d{1,4})\]")
# Models write marks after the end of a sentence as well: "It is late. [1]"
_AFTER_END = re.compile(r"([.!?…]+)((?:[ \t]*\[\d{1,4}\])+)")
_BESIDE = re.compile(r"\[(\d{1,4})(?:\s*[,;]\s*\d{1,4})+\]")
_NUMBER = re.compile(r"\d{1,4}")


@dataclass(frozen=True, slots=True)
class Claim:
    """A span of an answer that says one thing, its words without marks, and the marks' numbers."""

    start: int
    end: int
    words: str
    numbers: tuple[int, ...]


def claims(answer: Answer) -> list[Claim]:
    """Find the claims of an answer: of extracts each quote, of a written one each sentence."""
    if answer.kind == "extract":
        return [claim for claim in _paragraphs(answer.answer) if claim.numbers]
    return written(answer.answer)


def written(text: str) -> list[Claim]:
    """Find the sentences of a text whose marks stand as `marks_inside` puts them."""
    spans = (
        span
        for start, end in whole_lines(text, 0, len(text))
        for span in sentences(text, start, end)
    )
    found = (_claim(text, start, end) for start, end in spans)
    return [claim for claim in found if any(sign.isalnum() for sign in claim.words)]


def marks_inside(text: str) -> str:
    """Put each mark before the end of the sentence that it belongs to, and apart from others."""
    single = _BESIDE.sub(
        lambda found: " ".join(f"[{number}]" for number in _NUMBER.findall(found[0])), text
    )
    return _AFTER_END.sub(lambda found: f" {found[2].strip()}{found[1]}", single)


def _paragraphs(text: str) -> Iterator[Claim]:
    start = 0
    for paragraph in text.split("\n\n"):
        yield _claim(text, start, start + len(paragraph))
        start += len(paragraph) + 2


def _claim(text: str, start: int, end: int) -> Claim:
    said = text[start:end]
    end = start + len(said.rstrip())
    start += len(said) - len(said.lstrip())
    numbers = dict.fromkeys(int(number) for number in MARK.findall(text[start:end]))
    words = " ".join(MARK.sub(" ", text[start:end]).split())
    return Claim(start, end, words, tuple(numbers))
