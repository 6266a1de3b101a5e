"""Questions that lean on what was said before: "And how long does it hold?"

Such a question is searched for with the words of the questions that it leans on. Words of answers
are not added: on the labelled follow-ups of `tests/quality` they led away more often than to what
was meant. The words that tell are the English ones.
"""

import re
from collections.abc import Sequence

from sutazai_agents.wording import content_words
from sutazai_contracts.conversations import Exchange

# Words that were asked before and are added at most; the embedder reads 256 tokens in all.
MOST_WORDS = 24

_WORD = re.compile(r"[^\W_][\w'’-]*")
_OPENING = re.compile(r"\s*(?:and|but|or|so|also|then|what about|how about)\b", re.IGNORECASE)
# Words that stand for something that was named before.
_POINTING = frozenset(
    str.split(
        "both former he her hers him his it its latter one ones same she such that their theirs "
        "them then there these they this those"
    )
)
# A question of so few words of its own, such as "How long?", asks for something that was named.
_FEW = 2


def leans(question: str) -> bool:
    """Tell whether a question can hardly be understood without what was said before it."""
    return (
        _OPENING.match(question) is not None
        or any(word.casefold() in _POINTING for word in _WORD.findall(question))
        or len(set(content_words(question))) <= _FEW
    )


def standalone(question: str, history: Sequence[Exchange]) -> str:
    """Give a question with the words that it leaves unsaid.

    Args:
        question: what is asked now.
        history: what was asked and answered before, oldest first.

    Returns:
        The question, then the words of the questions it leans on, the newest first; an empty text
        where it leans on nothing.
    """
    if not history or not leans(question):
        return ""
    known = set(content_words(question))
    added: list[str] = []
    for asked in _leant_on(history):
        for word in _WORD.findall(asked):
            said = content_words(word)
            if said and not known.issuperset(said):
                known.update(said)
                added.append(word)
    return " ".join([question.strip(), *added[:MOST_WORDS]]) if added else ""


def _leant_on(history: Sequence[Exchange]) -> list[str]:
    """Give earlier questions, newest first, until one that leans on none itself."""
    asked: list[str] = []
    for exchange in reversed(history):
        asked.append(exchange.question)
        if not leans(exchange.question):
            break
    return asked
