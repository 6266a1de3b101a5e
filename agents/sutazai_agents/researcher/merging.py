"""One list of passages from the hits of several queries."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sutazai_contracts.knowledge import DocumentRef, Passage
from sutazai_kit.vectors.port import Hit


@dataclass(frozen=True, slots=True)
class _Found:
    """A hit, how far down it stood in the best of the lists, and which list that was."""

    hit: Hit
    rank: int
    query: int


def merged(lists: Sequence[Sequence[Hit]], limit: int) -> list[Passage]:
    """Merge the hits of several queries, each list best first.

    A chunk counts by the best rank it has in any list; of equal ranks, the more similar one comes
    first. The similarity is the best one that any query saw. The score is the engine's where there
    is one list; scores of different queries can't be compared, so of several lists it is the
    reciprocal of the rank.

    Returns:
        At most `limit` passages, none twice, best first.
    """
    best: dict[UUID, _Found] = {}
    for query, hits in enumerate(lists):
        for rank, hit in enumerate(hits):
            best[hit.id] = _better(best.get(hit.id), _Found(hit, rank, query))
    ordered = sorted(best.values(), key=lambda one: (one.rank, -one.hit.similarity, one.hit.id))
    return [
        _passage(one.hit, one.hit.score if len(lists) == 1 else 1 / (1 + one.rank))
        for one in ordered[:limit]
    ]


def within(passages: Iterable[Passage], size: int) -> list[Passage]:
    """Keep the first passages that take at most `size` bytes of JSON together."""
    kept: list[Passage] = []
    for passage in passages:
        size -= len(passage.model_dump_json().encode()) + 1
        if size < 0:
            break
        kept.append(passage)
    return kept


def _better(present: _Found | None, other: _Found) -> _Found:
    if present is None:
        return other
    similarity = max(present.hit.similarity, other.hit.similarity)
    first = min(present, other, key=lambda one: (one.rank, one.query))
    return replace(first, hit=replace(first.hit, similarity=similarity))


def _passage(hit: Hit, score: float) -> Passage:
    payload = hit.payload
    return Passage(
        chunk=hit.id,
        document=DocumentRef(id=payload["document"], name=payload["name"]),
        heading_path=tuple(payload["heading_path"]),
        start=payload["start"],
        end=payload["end"],
        text=hit.text,
        score=score,
        similarity=hit.similarity,
    )
