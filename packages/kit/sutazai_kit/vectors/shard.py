"""One folder of the engine: points in, hits out. Blocking, for the engine's thread."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import numpy as np
import qdrant_edge as engine

from sutazai_contracts.errors import InvalidInput
from sutazai_kit.vectors.engine import EngineErrors
from sutazai_kit.vectors.port import Hit, Point, Query, Vector
from sutazai_kit.vectors.sparse import SparseEncoder, TermWeights

_DENSE = "dense"
_WORDS = "words"
_VERSION = "version"
_TEXT = "text"
_PAYLOAD = "payload"

# Reopening after a kill replays the engine's log from the last flush; a flush costs about 10 ms.
_FLUSH_AFTER_POINTS = 1_000
_PAGE = 2_000
# Both sides of the fusion see at least this many candidates, for DBSF estimates their spread.
_LEAST_CANDIDATES = 50
# With fewer hits by words than this there is no spread to estimate: DBSF gives a lone exact match
# the score of a mediocre dense one. Ranks are fused then.
_ENOUGH_FOR_SPREAD = 10
_RANK_CONSTANT = 2

# Vectors are kept at 4 bits a dimension too (TurboQuant). Searches look through those, take three
# times the candidates, and score them by the vectors themselves: before there is an index that is
# 6 times faster (100 000 points: 2 ms of computing instead of 15), it found all of the best 50 of
# 50 000, and the index is built in a third of the time. Collections made without are searched so.
_QUANTIZED = engine.TurboQuantQuantizationConfig(memory=engine.Memory.Cold)
_RESCORED = engine.SearchParams(
    quantization=engine.QuantizationSearchParams(rescore=True, oversampling=3.0)
)


class Shard:
    """Points in one folder: a dense vector (cosine), term weights (IDF in the engine), payload."""

    def __init__(self, handle: engine.EdgeShard, dimension: int) -> None:
        """Take an open handle and the length of its vectors."""
        self._handle = handle
        self._dimension = dimension
        self._encoder = SparseEncoder()
        self._unflushed = 0

    @classmethod
    def create(cls, folder: Path, dimension: int) -> Self:
        """Make the folder's files and open them."""
        config = engine.EdgeConfig(
            vectors={
                # Cold leaves the pages to the kernel; the default reads each file into memory at
                # opening, 33 MB for a collection of one point.
                _DENSE: engine.EdgeVectorParams(
                    size=dimension,
                    distance=engine.Distance.Cosine,
                    memory=engine.Memory.Cold,
                    quantization_config=_QUANTIZED,
                )
            },
            sparse_vectors={_WORDS: engine.EdgeSparseVectorParams(modifier=engine.Modifier.Idf)},
            max_search_threads=1,
        )
        with EngineErrors("create a collection"):
            folder.mkdir(parents=True)
            shard = cls(engine.EdgeShard.create(str(folder), config), dimension)
            by_version = engine.UuidIndexParams(enable_hnsw=False)
            shard._handle.update(engine.UpdateOperation.create_field_index(_VERSION, by_version))
            shard.flush()
        return shard

    @classmethod
    def load(cls, folder: Path, dimension: int) -> Self:
        """Open a folder; what a killed process had acknowledged is replayed from its log."""
        with EngineErrors("open a collection"):
            return cls(engine.EdgeShard.load(str(folder)), dimension)

    def encode(self, points: Sequence[Point]) -> list[engine.Point]:
        """Check points and put them in the engine's form; nothing is written.

        Raises `InvalidInput` for a wrong vector, text or payload.
        """
        with EngineErrors("take points"):
            return [self._encode(point) for point in points]

    def write(self, points: list[engine.Point]) -> None:
        """Write points that `encode` made; each replaces the one of its id."""
        with EngineErrors("write points"):
            self._handle.update(engine.UpdateOperation.upsert_points(points))
            self._written(len(points))

    def delete_version(self, version: UUID) -> None:
        """Remove the points of a version."""
        with EngineErrors("delete points"):
            self._handle.update(engine.UpdateOperation.delete_points_by_filter(_of(version)))
            self._written(1)

    def delete(self, ids: Iterable[UUID]) -> None:
        """Remove points by id."""
        with EngineErrors("delete points"):
            self._handle.update(engine.UpdateOperation.delete_points(list(ids)))
            self._written(1)

    def search(self, query: Query) -> list[Hit]:
        """Find points by meaning and words together, best first, ties by id."""
        self._check(query.vector)
        if query.limit < 1:
            raise InvalidInput("The limit must be 1 or more.", field="limit")
        with EngineErrors("search"):
            best = self._fused(query)[: query.limit]
            records = self._handle.retrieve([id for id, _ in best], True, [_DENSE])
        found = {_uuid(record.id): record for record in records}
        direction = query.vector / np.linalg.norm(query.vector)
        return [_hit(found[id], score, direction) for id, score in best if id in found]

    def count(self, version: UUID | None = None) -> int:
        """Count points exactly."""
        with EngineErrors("count points"):
            narrowed = None if version is None else _of(version)
            return self._handle.count(engine.CountRequest(exact=True, filter=narrowed))

    def page(self, start: UUID | None = None) -> tuple[list[UUID], UUID | None]:
        """List some ids from `start` on, and where the next page starts."""
        request = engine.ScrollRequest(offset=start, limit=_PAGE, with_payload=False)
        with EngineErrors("list points"):
            records, following = self._handle.scroll(request)
        return [_uuid(record.id) for record in records], _uuid(following) if following else None

    def copy(self, ids: Sequence[UUID], target: "Shard") -> None:
        """Make points in another shard what they are here, absent ones too."""
        with EngineErrors("copy points"):
            records = self._handle.retrieve(list(ids), True, True)
            points = [_point(record) for record in records]
        target.delete(set(ids) - {_uuid(point.id) for point in points})
        target.write(points)

    def flush(self) -> None:
        """Write all to the files, so that opening has nothing to replay."""
        with EngineErrors("flush a collection"):
            self._handle.flush()
        self._unflushed = 0

    def close(self) -> None:
        """Flush and give the folder free."""
        with EngineErrors("close a collection"):
            self._handle.close()

    def _encode(self, point: Point) -> engine.Point:
        self._check(point.vector)
        words = self._encoder.document(point.text)
        payload = {
            _VERSION: str(point.version),
            _TEXT: point.text,
            _PAYLOAD: dict(point.payload),
        }
        vectors: Any = {_DENSE: point.vector, _WORDS: _sparse(words)}
        try:
            return engine.Point(point.id, vectors, payload)
        except (TypeError, ValueError) as error:
            raise InvalidInput("The payload holds what is not JSON.", field="payload") from error

    def _check(self, vector: Vector) -> None:
        # The engine writes the points before a wrong one and takes vectors of NaN.
        if vector.shape != (self._dimension,):
            raise InvalidInput(
                f"The vector has shape {vector.shape}, the collection takes ({self._dimension},).",
                field="vector",
            )
        norm = float(np.linalg.norm(vector))
        if not np.isfinite(norm) or norm == 0.0:
            raise InvalidInput("The vector has no direction.", field="vector")

    def _written(self, points: int) -> None:
        self._unflushed += points
        if self._unflushed >= _FLUSH_AFTER_POINTS:
            self.flush()

    def _fused(self, query: Query) -> list[tuple[UUID, float]]:
        """Fuse both ways in the engine; all candidates, since their order is fixed only here."""
        candidates = max(_LEAST_CANDIDATES, 3 * query.limit)
        shown = _shown(query.hidden_versions, query.only)
        sources = [self._source(query.vector, _DENSE, shown, candidates)]
        fusion: Any = engine.Fusion.Dbsf()
        words = self._encoder.query(query.text)
        by_words = self._some_by_words(words, shown)
        if by_words:
            sources.append(self._source(_sparse(words), _WORDS, shown, candidates))
            if by_words < _ENOUGH_FOR_SPREAD:
                fusion = engine.Fusion.Rrf(k=_RANK_CONSTANT)
        request = engine.QueryRequest(limit=2 * candidates, query=fusion, prefetches=sources)
        scored = [(_uuid(point.id), point.score) for point in self._handle.query(request)]
        return sorted(scored, key=lambda one: (-one[1], one[0]))

    def _some_by_words(self, words: TermWeights, shown: engine.Filter | None) -> int:
        if not words.indices:
            return 0
        wanted: Any = engine.Query.Nearest(_sparse(words), using=_WORDS)
        request = engine.QueryRequest(limit=_ENOUGH_FOR_SPREAD, query=wanted, filter=shown)
        return len(self._handle.query(request))

    @staticmethod
    def _source(vector: Any, name: str, shown: engine.Filter | None, limit: int) -> engine.Prefetch:
        wanted: Any = engine.Query.Nearest(vector, using=name)
        return engine.Prefetch(limit=limit, query=wanted, filter=shown, params=_RESCORED)


def _of(version: UUID) -> engine.Filter:
    match = engine.MatchValue(str(version))
    return engine.Filter(must=[engine.FieldCondition(_VERSION, match=match)])


def _shown(hidden: Sequence[UUID], only: Sequence[UUID]) -> engine.Filter | None:
    if not hidden and not only:
        return None
    match = engine.MatchAny([str(version) for version in hidden])
    return engine.Filter(
        must=[engine.HasIdCondition(set(only))] if only else None,
        must_not=[engine.FieldCondition(_VERSION, match=match)] if hidden else None,
    )


def _sparse(words: TermWeights) -> engine.SparseVector:
    return engine.SparseVector(words.indices, words.values)


def _uuid(id: int | str | UUID) -> UUID:
    return id if isinstance(id, UUID) else UUID(str(id))


def _point(record: engine.Record) -> engine.Point:
    vectors: Any = record.vector
    return engine.Point(record.id, vectors, record.payload)


def _hit(record: engine.Record, score: float, direction: Vector) -> Hit:
    stored: Any = record.vector
    vector = np.asarray(stored[_DENSE], dtype=np.float32)
    payload = record.payload or {}
    return Hit(
        id=_uuid(record.id),
        version=UUID(payload[_VERSION]),
        score=score,
        similarity=float(vector @ direction),
        text=payload[_TEXT],
        payload=payload[_PAYLOAD],
    )
