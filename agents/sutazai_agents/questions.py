"""The parts of a compound question: "When is it, and where?" asks for two things."""

import re

from sutazai_agents.sentences import sentences

MOST_PARTS = 3

_LEAST_WORDS = 3
# "and" joins questions where one begins after it; elsewhere it joins things: bread and butter.
_BEGINS = (
    "who whom whose what when where which why how is are was were do does did can could may must "
    "should will would has have tell explain describe list give show compare"
)
_JOINT = re.compile(
    rf"\s*;\s*|,?\s+and\s+(?=(?:then\s+)?(?:{_BEGINS.replace(' ', '|')})\b)", re.IGNORECASE
)


def parts(question: str) -> list[str]:
    """Split a compound question into what it asks for.

    Args:
        question: several sentences, or one with parts joined by a semicolon or "and"; the words
            that questions begin with are the English ones.

    Returns:
        At most `MOST_PARTS` parts in their order; none where there is only one thing asked.
    """
    question = " ".join(question.split())
    asked = [sentence for sentence in _sentences(question) if sentence.endswith("?")]
    if len(asked) < 2:
        asked = _joined(question)
    different = list(dict.fromkeys(asked))
    return different[:MOST_PARTS] if len(different) > 1 else []


def _sentences(text: str) -> list[str]:
    return [text[start:end].strip() for start, end in sentences(text, 0, len(text))]


def _joined(question: str) -> list[str]:
    """Split at joints; a piece of few words stays with what is before it."""
    pieces: list[str] = []
    begin = 0
    for joint in _JOINT.finditer(question):
        if len(pieces) == MOST_PARTS:
            break
        here, rest = question[begin : joint.start()], question[joint.end() :]
        if len(here.split()) >= _LEAST_WORDS and len(rest.split()) >= _LEAST_WORDS:
            pieces.append(here)
            begin = joint.end()
    return [*pieces, question[begin:]]
