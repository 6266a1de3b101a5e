"""Points, questions and hits as the REST API has them."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import numpy as np

from sutazai_contracts.errors import InvalidInput, SutazaiError
from sutazai_kit.vectors.port import Hit, Point, Query, Vector
from sutazai_kit.vectors.qdrant.rest import Json, ScoredPoint
from sutazai_kit.vectors.sparse import SparseEncoder, TermWeights

DENSE = "dense"
WORDS = "words"
VERSION = "version"
_TEXT = "text"
_PAYLOAD = "payload"

# Both sides of the fusion see at least this many candidates, for DBSF estimates their spread.
_LEAST_CANDIDATES = 50
# With fewer hits by words than this there is no spread to estimate: DBSF gives a lone exact match
# the score of a mediocre dense one. Ranks are fused then.
_ENOUGH_FOR_SPREAD = 10
_RANK_CONSTANT = 2
# So many are fetched beyond the limit, to see whether the last of equal score are all there.
SPARE = 4

_DBSF: Json = {"fusion": "dbsf"}
_RRF: Json = {"rrf": {"k": _RANK_CONSTANT}}
# Of one query: the points that it found, best first.
Found = Sequence[ScoredPoint]


class Searching:
    """One question, as the queries of one batch.

    Which fusion counts depends on how many points share a word with the question. To know that
    costs a round trip, so both are asked for, beside the words alone.
    """

    def __init__(self, query: Query, encoder: SparseEncoder, *, exact: bool) -> None:
        """Check and encode the question; `exact` passes over the index of dense vectors."""
        self.limit = query.limit
        norm = direction_of(query.vector)
        if query.limit < 1:
            raise InvalidInput("The limit must be 1 or more.", field="limit")
        self._direction = query.vector / norm
        self._candidates = max(_LEAST_CANDIDATES, 3 * query.limit)
        words = term_weights(encoder, query.text, question=True)
        self._words = sparse(words) if words.indices else None
        self._shown = _shown(query.hidden_versions, query.only)
        params = {"params": {"exact": True}} if exact else {}
        self._sources = [self._source(query.vector.tolist(), DENSE) | params]
        if self._words:
            self._sources.append(self._source(self._words, WORDS))

    def batch(self) -> list[Json]:
        """Give the queries: fused by spread and, where there are words, by ranks; the words."""
        some = self.limit + SPARE
        if not self._words:
            return [self._fused(_DBSF, some)]
        by_words = self._source(self._words, WORDS) | {"limit": _ENOUGH_FOR_SPREAD}
        return [self._fused(_DBSF, some), self._fused(_RRF, some), by_words]

    def whole(self, answers: Sequence[Found]) -> Json:
        """Give the query that counts, for all candidates."""
        fusion = _RRF if self._chosen(answers) else _DBSF
        return self._fused(fusion, 2 * self._candidates)

    def fused(self, answers: Sequence[Found]) -> list[ScoredPoint] | None:
        """Choose the answer that counts; None where ties at its end may go on beyond it."""
        points = in_order(answers[self._chosen(answers)])
        full = len(points) == self.limit + SPARE
        return None if full and points[self.limit - 1].score == points[-1].score else points

    def hits(self, points: Found) -> list[Hit]:
        """Make hits of the best points, which are in order."""
        return [_hit(point, self._direction) for point in points[: self.limit]]

    @staticmethod
    def _chosen(answers: Sequence[Found]) -> int:
        """Give which answer counts: few hits by words are fused by ranks."""
        return int(len(answers) > 1 and 0 < len(answers[2]) < _ENOUGH_FOR_SPREAD)

    def _source(self, vector: list[float] | Json, name: str) -> dict[str, Any]:
        """Give the nearest by one of the two vectors."""
        nearest = {"query": {"nearest": vector}, "using": name, "limit": self._candidates}
        return nearest | ({} if self._shown is None else {"filter": self._shown})

    def _fused(self, fusion: Json, limit: int) -> Json:
        return {
            "prefetch": self._sources,
            "query": fusion,
            "limit": limit,
            "with_payload": True,
            "with_vector": [DENSE],
        }


def in_order(points: Found) -> list[ScoredPoint]:
    """Sort points by score, best first, ties by id."""
    return sorted(points, key=lambda point: (-point.score, point.id))


def check_alike(points: Sequence[Point]) -> None:
    """Raise `InvalidInput` where points can't be in one collection, by the shape of vectors."""
    for point in points:
        if point.vector.shape != points[0].vector.shape:
            raise InvalidInput(
                f"Vectors of shape {points[0].vector.shape} and {point.vector.shape} can't be in "
                "one collection.",
                field="vector",
            )


def encoded(points: Sequence[Point], encoder: SparseEncoder) -> list[Json]:
    """Check points and put them in the server's form.

    Raises `InvalidInput` for a wrong vector, text or payload.
    """
    return [_encoded(point, encoder) for point in points]


def direction_of(vector: Vector) -> float:
    """Give the length of a vector; raises `InvalidInput` where it points nowhere."""
    norm = float(np.linalg.norm(vector))
    if vector.ndim != 1 or not np.isfinite(norm) or norm == 0.0:
        raise InvalidInput("The vector has no direction.", field="vector")
    return norm


def of(version: UUID) -> Json:
    """Make the filter for the points of a version."""
    return {"must": [{"key": VERSION, "match": {"value": str(version)}}]}


def sparse(words: TermWeights) -> Json:
    """Put term weights in the server's form."""
    return {"indices": words.indices, "values": words.values}


def term_weights(encoder: SparseEncoder, text: str, *, question: bool = False) -> TermWeights:
    """Encode a text or a question; raises `InvalidInput` where it is not Unicode."""
    try:
        return encoder.query(text) if question else encoder.document(text)
    except UnicodeEncodeError as error:
        raise InvalidInput("The text is not valid Unicode.", field="text") from error


def _encoded(point: Point, encoder: SparseEncoder) -> Json:
    direction_of(point.vector)
    words = term_weights(encoder, point.text)
    payload = dict(point.payload)
    try:
        json.dumps(payload, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError) as error:
        raise InvalidInput("The payload holds what is not JSON.", field="payload") from error
    return {
        "id": str(point.id),
        "vector": {DENSE: point.vector.tolist(), WORDS: sparse(words)},
        "payload": {VERSION: str(point.version), _TEXT: point.text, _PAYLOAD: payload},
    }


def _shown(hidden: Sequence[UUID], only: Sequence[UUID]) -> Json | None:
    shown: dict[str, Any] = {}
    if hidden:
        match = {"any": [str(version) for version in hidden]}
        shown["must_not"] = [{"key": VERSION, "match": match}]
    if only:
        shown["must"] = [{"has_id": [str(id) for id in only]}]
    return shown or None


def _hit(point: ScoredPoint, direction: Vector) -> Hit:
    vectors, payload = point.vector or {}, point.payload or {}
    try:
        vector = np.asarray(vectors[DENSE], dtype=np.float32)
        return Hit(
            id=point.id,
            version=UUID(payload[VERSION]),
            score=point.score,
            similarity=float(vector @ direction),
            text=payload[_TEXT],
            payload=payload[_PAYLOAD],
        )
    except (LookupError, TypeError, ValueError) as error:
        raise SutazaiError(
            f"The vector store holds a point that is none of ours: {point.id}"
        ) from error
