"""Points, questions and hits as the REST API has them."""

import json
from collections.abc import Sequence
from uuid import UUID

import numpy as np
from qdrant_client.http import models

from sutazai_contracts.errors import InvalidInput
from sutazai_kit.vectors.port import Hit, Point, Query, Vector
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

_DBSF = models.FusionQuery(fusion=models.Fusion.DBSF)
_RRF = models.RrfQuery(rrf=models.Rrf(k=_RANK_CONSTANT))


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
        self._shown = _shown(query.hidden_versions)
        params = models.SearchParams(exact=True) if exact else None
        self._sources = [self._source(query.vector.tolist(), DENSE, params)]
        if self._words:
            self._sources.append(self._source(self._words, WORDS, None))

    def batch(self) -> list[models.QueryRequest]:
        """Give the queries: fused by spread and, where there are words, by ranks; the words."""
        some = self.limit + SPARE
        if not self._words:
            return [self._fused(_DBSF, some)]
        by_words = models.QueryRequest(
            query=models.NearestQuery(nearest=self._words),
            using=WORDS,
            filter=self._shown,
            limit=_ENOUGH_FOR_SPREAD,
        )
        return [self._fused(_DBSF, some), self._fused(_RRF, some), by_words]

    def whole(self, answers: Sequence[models.QueryResponse]) -> models.QueryRequest:
        """Give the query that counts, for all candidates."""
        fusion = _RRF if self._chosen(answers) else _DBSF
        return self._fused(fusion, 2 * self._candidates)

    def fused(self, answers: Sequence[models.QueryResponse]) -> list[models.ScoredPoint] | None:
        """Choose the answer that counts; None where ties at its end may go on beyond it."""
        points = in_order(answers[self._chosen(answers)].points)
        full = len(points) == self.limit + SPARE
        return None if full and points[self.limit - 1].score == points[-1].score else points

    def hits(self, points: Sequence[models.ScoredPoint]) -> list[Hit]:
        """Make hits of the best points, which are in order."""
        return [_hit(point, self._direction) for point in points[: self.limit]]

    @staticmethod
    def _chosen(answers: Sequence[models.QueryResponse]) -> int:
        """Give which answer counts: few hits by words are fused by ranks."""
        return int(len(answers) > 1 and 0 < len(answers[2].points) < _ENOUGH_FOR_SPREAD)

    def _source(
        self,
        vector: list[float] | models.SparseVector,
        name: str,
        params: models.SearchParams | None,
    ) -> models.Prefetch:
        return models.Prefetch(
            query=models.NearestQuery(nearest=vector),
            using=name,
            filter=self._shown,
            params=params,
            limit=self._candidates,
        )

    def _fused(
        self, fusion: models.FusionQuery | models.RrfQuery, limit: int
    ) -> models.QueryRequest:
        return models.QueryRequest(
            prefetch=self._sources,
            query=fusion,
            limit=limit,
            with_payload=True,
            with_vector=[DENSE],
        )


def in_order(points: Sequence[models.ScoredPoint]) -> list[models.ScoredPoint]:
    """Sort points by score, best first, ties by id."""
    return sorted(points, key=lambda point: (-point.score, UUID(str(point.id))))


def check_alike(points: Sequence[Point]) -> None:
    """Raise `InvalidInput` where points can't be in one collection, by the shape of vectors."""
    for point in points:
        if point.vector.shape != points[0].vector.shape:
            raise InvalidInput(
                f"Vectors of shape {points[0].vector.shape} and {point.vector.shape} can't be in "
                "one collection.",
                field="vector",
            )


def encoded(points: Sequence[Point], encoder: SparseEncoder) -> list[models.PointStruct]:
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


def of(version: UUID) -> models.Filter:
    """Make the filter for the points of a version."""
    match = models.MatchValue(value=str(version))
    return models.Filter(must=[models.FieldCondition(key=VERSION, match=match)])


def sparse(words: TermWeights) -> models.SparseVector:
    """Put term weights in the server's form."""
    return models.SparseVector(indices=words.indices, values=words.values)


def term_weights(encoder: SparseEncoder, text: str, *, question: bool = False) -> TermWeights:
    """Encode a text or a question; raises `InvalidInput` where it is not Unicode."""
    try:
        return encoder.query(text) if question else encoder.document(text)
    except UnicodeEncodeError as error:
        raise InvalidInput("The text is not valid Unicode.", field="text") from error


def _encoded(point: Point, encoder: SparseEncoder) -> models.PointStruct:
    direction_of(point.vector)
    words = term_weights(encoder, point.text)
    payload = dict(point.payload)
    try:
        json.dumps(payload, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError) as error:
        raise InvalidInput("The payload holds what is not JSON.", field="payload") from error
    # Not validated again: the client's own checks of so many numbers take longer than the rest.
    return models.PointStruct.model_construct(
        id=str(point.id),
        vector={DENSE: point.vector.tolist(), WORDS: sparse(words)},
        payload={VERSION: str(point.version), _TEXT: point.text, _PAYLOAD: payload},
    )


def _shown(hidden: Sequence[UUID]) -> models.Filter | None:
    if not hidden:
        return None
    match = models.MatchAny(any=[str(version) for version in hidden])
    return models.Filter(must_not=[models.FieldCondition(key=VERSION, match=match)])


def _hit(point: models.ScoredPoint, direction: Vector) -> Hit:
    vectors, payload = point.vector, point.payload or {}
    if not isinstance(vectors, dict):
        raise TypeError(f"the server gave no named vectors of {point.id}")
    vector = np.asarray(vectors[DENSE], dtype=np.float32)
    return Hit(
        id=UUID(str(point.id)),
        version=UUID(payload[VERSION]),
        score=point.score,
        similarity=float(vector @ direction),
        text=payload[_TEXT],
        payload=payload[_PAYLOAD],
    )
