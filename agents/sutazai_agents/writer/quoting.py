"""The words of an answer made of quotes, and its citations."""

import re
from collections.abc import Sequence

from sutazai_agents.writer.choosing import LEAST_SCORE, Chosen
from sutazai_contracts.knowledge import Answer, Citation, Passage

INTRODUCTION = "From the documents (no language model is set up, so this is quoted, not written):"
INSTEAD = "From the documents (quoted, not written: {reason}):"
NOTHING = (
    "Nothing in the documents fits this question. Ask it in the words that the documents use, "
    "or add documents that say more about it."
)

# Scores from the threshold to this one are confidence 3 to 9: a quote that fits was found, but
# nothing has checked that it answers the question.
_BEST_SCORE = 0.85
_LEAST_CONFIDENCE, _MOST_CONFIDENCE = 3, 9

_FENCE_LINE = re.compile(r"^[ \t>]*(?:```|~~~).*(?:\n|\Z)", re.MULTILINE)
_MARKER = re.compile(r"\[(\d+)\]")


def quoted(
    passages: Sequence[Passage], chosen: Sequence[Chosen], introduction: str = INTRODUCTION
) -> Answer:
    """Make an answer of what was chosen, best first; of nothing, one that says so."""
    if not chosen:
        return Answer(answer=NOTHING, kind="extract", grounded=False, confidence=1)
    citations = [
        _citation(number, passages[each.passage], each) for number, each in enumerate(chosen, 1)
    ]
    lines = [
        f"{_shown(citation.quote, each.has_code)} [{citation.n}]"
        for citation, each in zip(citations, chosen, strict=True)
    ]
    return Answer(
        answer="\n\n".join([introduction, *lines]),
        kind="extract",
        grounded=True,
        confidence=confidence(max(each.score for each in chosen)),
        citations=tuple(citations),
    )


def confidence(score: float) -> int:
    """Give the confidence, 1 to 10, of an answer whose best extract has this score."""
    if score < LEAST_SCORE:
        return 1
    part = min(1.0, (score - LEAST_SCORE) / (_BEST_SCORE - LEAST_SCORE))
    return round(_LEAST_CONFIDENCE + part * (_MOST_CONFIDENCE - _LEAST_CONFIDENCE))


def instead(reason: str) -> str:
    """Give the words that lead to quotes where a model was to write, and why it did not."""
    # A blank line or a mark in the reason would pass for a claim.
    said = _MARKER.sub(r"( \1 )", " ".join(reason.split())).strip(" .")
    return INSTEAD.format(reason=said)


def _citation(number: int, passage: Passage, chosen: Chosen) -> Citation:
    return Citation(
        n=number,
        document=passage.document,
        heading_path=passage.heading_path,
        start=passage.start + chosen.start,
        end=passage.start + chosen.end,
        quote=passage.text[chosen.start : chosen.end],
        by_graph=passage.by_graph,
    )


def _shown(quote: str, has_code: bool) -> str:
    """Write a quote as it is read: on one line, or with the lines of its code."""
    # "[1]" in a document must not pass for a citation of ours; the citation has the exact words.
    words = _MARKER.sub(r"[ \1 ]", quote)
    if not has_code:
        return f"“{' '.join(words.split())}”"
    lines = [line.rstrip() for line in _FENCE_LINE.sub("", words).splitlines()]
    return "“" + "\n".join(line for line in lines if line) + "”"
