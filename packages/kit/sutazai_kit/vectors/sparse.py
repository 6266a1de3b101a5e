"""The one sparse encoder: text to BM25 term weights, the same for every vector store.

A document's weights carry term frequency and length (Robertson & Zaragoza, "The Probabilistic
Relevance Framework: BM25 and Beyond", 2009); a question's weights are 1. The rarity of a word
(IDF) is the engine's part, because only the engine knows the collection. Indices are hashes of
the tokens below 2**31, so they fit any store that takes plain sparse vectors.
"""

import re
import unicodedata
from dataclasses import dataclass

from qdrant_edge import Bm25, Bm25Config, DisabledStemmer, StopwordsSet, TokenizerType

# Chunks aim at 120-230 word pieces, which are about this many tokens of the encoder.
_AVERAGE_TOKENS = 150

# Chinese characters and Japanese kana are written without spaces; the tokenizer would make one
# token of a whole sentence.
_UNSPACED = re.compile(
    "[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002fa1f]+"
)


@dataclass(frozen=True)
class TermWeights:
    """A sparse vector: `values[i]` is the weight of the term hashed to `indices[i]`."""

    indices: list[int]
    values: list[float]


class SparseEncoder:
    """Encode texts of any language for BM25.

    Words are lower-cased and accents folded. Identifiers count whole and in parts: `foo_bar`,
    `getUserName`. There is no stemming and no list of stop words, since either needs to know the
    language and makes some exact words unfindable; IDF makes frequent words weigh little, and
    inflected forms are the dense vector's part.
    """

    def __init__(self) -> None:
        """Build the tokenizer."""
        self._model = Bm25(
            Bm25Config(
                avg_len=_AVERAGE_TOKENS,
                tokenizer=TokenizerType.Code,
                ascii_folding=True,
                stopwords=StopwordsSet(),
                stemmer=DisabledStemmer(),
            )
        )

    def document(self, text: str) -> TermWeights:
        """Encode a text to be found; one without words gives no terms."""
        vector = self._model.embed_document(_prepared(text))
        return TermWeights(vector.indices, vector.values)

    def query(self, text: str) -> TermWeights:
        """Encode a question; each different word weighs 1."""
        vector = self._model.embed_query(_prepared(text))
        return TermWeights(vector.indices, vector.values)


def _prepared(text: str) -> str:
    # Composed characters: the tokenizer ends a word at a combining mark.
    return _UNSPACED.sub(_characters_and_pairs, unicodedata.normalize("NFKC", text))


def _characters_and_pairs(run: re.Match[str]) -> str:
    characters = run.group()
    pairs = (characters[i : i + 2] for i in range(len(characters) - 1))
    return f" {' '.join(characters)} {' '.join(pairs)} "
