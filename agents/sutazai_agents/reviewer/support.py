"""Whether quotes support a claim, by the words that they share and by meaning."""

import re
from collections.abc import Sequence

import numpy as np

from sutazai_agents.reviewer.contradiction import contradicts
from sutazai_agents.reviewer.figures import figures
from sutazai_agents.wording import Wanted, content_words
from sutazai_contracts.knowledge import Citation, Passage
from sutazai_kit.embeddings.port import Embeddings

# A claim is supported where half of its score for words and meaning is reached and enough of its
# words stand in the quotes: a sentence about the same thing is alike in meaning whatever it says.
LEAST_SUPPORT = 0.55
LEAST_WORDING = 0.3
# A name such as `v2`, one letter of which makes another of it.
_NAMED = re.compile(r"(?=.*\d)(?=.*[^\W\d])")


def stands(citation: Citation, passages: Sequence[Passage]) -> bool:
    """Tell whether a quote really stands at its span in a passage of its document."""
    return any(
        passage.document.id == citation.document.id
        and passage.start <= citation.start < citation.end <= passage.end
        and passage.text[citation.start - passage.start : citation.end - passage.start]
        == citation.quote
        for passage in passages
    )


def wording(claim: str, quotes: Sequence[str]) -> float:
    """Give the share of a claim's words that the quotes have, 0..1; 0 where they contradict it."""
    if contradicts(claim, quotes):
        return 0.0
    wanted = Wanted(claim)
    if not wanted.words:
        return 1.0
    # Numbers do not contradict, so they are there, in figures or in words.
    found = wanted.among(content_words(" ".join(quotes)))
    found |= {word for word in wanted.words if figures(word)}
    if any(_NAMED.match(word) for word in wanted.words - found):
        return 0.0
    return len(found) / len(wanted.words)


def repeats(claim: str, quotes: Sequence[str]) -> bool:
    """Tell whether a claim has no word that its quotes do not have."""
    there = set(content_words(" ".join(quotes)))
    return there.issuperset(content_words(claim))


async def supported(
    claims: Sequence[tuple[str, Sequence[str]]], embeddings: Embeddings
) -> list[bool]:
    """Tell of each claim whether its quotes support it; all are embedded in one call.

    Args:
        claims: the words of each claim, and its quotes.
        embeddings: the embedding model, whose vectors have length 1.
    """
    shares = [wording(claim, quotes) for claim, quotes in claims]
    open_ = [n for n, share in enumerate(shares) if share >= LEAST_WORDING]
    texts = dict.fromkeys(text for n in open_ for text in (claims[n][0], *claims[n][1]))
    if not texts:
        return [False] * len(claims)
    vectors = await embeddings.embed([*texts], interactive=True)
    known = dict(zip(texts, vectors, strict=True))

    def is_supported(n: int) -> bool:
        claim, quotes = claims[n]
        alike = max(float(np.dot(known[claim], known[quote])) for quote in quotes)
        return (shares[n] + alike) / 2 >= LEAST_SUPPORT

    return [n in open_ and is_supported(n) for n in range(len(claims))]
