"""Checks of an embedder before it is used: it gives the vectors that its model is known to give.

Runtimes differ in how they cut text into tokens: some neither strip accents nor split signs, and
their vectors of such texts are far from the model's own. Nothing shows that later but bad answers.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sutazai_contracts.errors import EmbedderUnavailable

MIN_COSINE = 0.999
_SHOWN = 60
_PROBE = (
    "The quick brown fox jumps over the lazy dog.",
    "Élodie naïvely ordered crème brûlée at the Ångström café for 12,50 €.",
    "E = m·c² → ∑ xᵢ ≤ ∞; rate: 3.5% (±0.2) @ $9.99 / unit_#42",
    "人工知能は文書を検索し、答えを引用する。检索增强生成在本地运行。",
    "Локальная платформа агентов отвечает с источниками 🚀👩‍💻.",
)

Embed = Callable[[Sequence[str]], Awaitable[NDArray[np.float32]]]


@dataclass(frozen=True)
class Reference:
    """Texts and the vectors that a model gives for them.

    Args:
        name: what the model is called.
        claims: a pattern; whose model's whole name matches it, in any case, claims to be this one.
        texts: some with accents, signs, several scripts and emoji.
        vectors: one for each text, of unit length; shape `(len(texts), dimension)`, float32.
        longest: characters of a text; longer ones are left out, as services cut elsewhere.
    """

    name: str
    claims: str
    texts: Sequence[str]
    vectors: NDArray[np.float32]
    longest: int = 400

    def is_claimed(self, names: Iterable[str]) -> bool:
        """Tell whether a model of one of these names claims to be this one."""
        return any(re.fullmatch(self.claims, name, re.IGNORECASE) for name in names)


async def check_vectors(
    embed: Embed, names: Sequence[str], references: Iterable[Reference]
) -> NDArray[np.float32]:
    """Check an embedder against the reference of its model, or against itself.

    Args:
        embed: embeds texts, to rows of unit length.
        names: what its model is called, the name that is shown first.
        references: of the models that are known.

    Returns:
        The vectors of a few texts, of which a caller sees the dimension.

    Raises:
        EmbedderUnavailable: it is not to be used; says by which text that was found.
    """
    for reference in references:
        if reference.is_claimed(names):
            await _check_reference(embed, names[0], reference)
    return await _check_itself(embed, names[0])


async def _check_reference(embed: Embed, name: str, reference: Reference) -> None:
    chosen = [row for row, text in enumerate(reference.texts) if len(text) <= reference.longest]
    texts, expected = [reference.texts[row] for row in chosen], reference.vectors[chosen]
    found = await embed(texts)
    if found.shape != expected.shape:
        raise EmbedderUnavailable(
            f"{name} is refused: it claims to be {reference.name}, whose vectors have "
            f"{expected.shape[1]} numbers, and gives {found.shape[1]}."
        )
    cosines = np.sum(found * expected, axis=1)
    worst = int(np.argmin(cosines))
    if not cosines[worst] >= MIN_COSINE:
        raise EmbedderUnavailable(
            f"{name} is refused: it claims to be {reference.name}, and its vector of "
            f"“{texts[worst][:_SHOWN]}” has cosine {cosines[worst]:.4f} with that model's; "
            f"{MIN_COSINE} is needed. Use another version of the service, or another model."
        )


async def _check_itself(embed: Embed, name: str) -> NDArray[np.float32]:
    vectors, again = await embed(_PROBE), await embed(_PROBE[::-1])
    same = np.sum(vectors * again[::-1], axis=1)
    worst = int(np.argmin(same))
    if not same[worst] >= MIN_COSINE:
        raise EmbedderUnavailable(
            f"{name} is refused: the same text, “{_PROBE[worst][:_SHOWN]}”, got two vectors, with "
            f"cosine {same[worst]:.4f}."
        )
    between = vectors @ vectors.T - 2 * np.eye(len(_PROBE), dtype=np.float32)
    one, other = np.unravel_index(int(np.argmax(between)), between.shape)
    if between[one, other] >= MIN_COSINE:
        raise EmbedderUnavailable(
            f"{name} is refused: it does not tell “{_PROBE[one][:_SHOWN]}” from "
            f"“{_PROBE[other][:_SHOWN]}”."
        )
    return vectors
