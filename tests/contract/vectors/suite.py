"""What every vector store does, wherever its engine runs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any, ClassVar
from uuid import UUID, uuid4

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sutazai_contracts.errors import InvalidInput, ModelMismatch, NotFound
from sutazai_kit.vectors.port import Hit, Point, Query, Vector, Vectors

DIMENSION = 8
Open = Callable[[], AbstractAsyncContextManager[Vectors]]

OPERATIONS: dict[str, Callable[[Vectors, UUID], Awaitable[Any]]] = {
    "upsert": lambda vectors, unknown: vectors.upsert(unknown, [point("text")]),
    "upsert nothing": lambda vectors, unknown: vectors.upsert(unknown, []),
    "delete_version": lambda vectors, unknown: vectors.delete_version(unknown, uuid4()),
    "search": lambda vectors, unknown: vectors.search(unknown, ask("text")),
    "count": lambda vectors, unknown: vectors.count(unknown),
    "ids": lambda vectors, unknown: vectors.ids(unknown),
}
WORDS = [
    ("rebuild it with make today", "make"),
    ("the section C1 of the plan", "C1"),
    ("it answers 42 each time", "42"),
    ("call foo_bar() to begin", "foo_bar"),
    ("call foo_bar() to begin", "bar"),
    ("set max_open_files=7", "max_open_files"),
    ("then getUserName returns", "getUserName"),
    ("we met in a café", "CAFE"),
    ("we met in a cafe\u0301", "café"),
    ("Größenwahn", "größenwahn"),
    ("Он читает книгу", "КНИГУ"),
    ("私は日本語を話します", "日本語"),
    ("猫が好きです", "猫"),
    ("the and of to", "of"),
]


def axis(number: int, dimension: int = DIMENSION) -> Vector:
    """Give the unit vector along an axis."""
    vector = np.zeros(dimension, dtype=np.float32)
    vector[number] = 1.0
    return vector


def between(one: Vector, other: Vector, cosine: float) -> Vector:
    """Give the unit vector in the plane of two orthogonal ones, at a cosine from the first."""
    return np.asarray(cosine * one + np.sqrt(1 - cosine**2) * other, dtype=np.float32)


def point(
    text: str,
    vector: Vector | None = None,
    *,
    id: UUID | None = None,
    version: UUID | None = None,
    payload: dict[str, Any] | None = None,
) -> Point:
    """Make a point; what is not given is new or along the first axis."""
    vector = axis(0) if vector is None else vector
    return Point(id or uuid4(), version or uuid4(), vector, text, payload or {})


def ask(
    text: str, vector: Vector | None = None, limit: int = 10, hidden: Iterable[UUID] = ()
) -> Query:
    """Make a question."""
    return Query(axis(0) if vector is None else vector, text, limit, tuple(hidden))


def crowd(count: int) -> list[Point]:
    """Make points around the first axis, without a rare word."""
    spread = np.random.default_rng(7).normal(size=(count, DIMENSION)).astype(np.float32)
    vectors = axis(0) + 0.1 * spread
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return [point(f"plain words of chunk {n}", vector) for n, vector in enumerate(vectors)]


def texts(hits: Iterable[Hit]) -> list[str]:
    """List what was found."""
    return [hit.text for hit in hits]


class VectorsContract:
    """Subclasses give the fixture `opened`: a callable that opens the one store of the test."""

    persistent: ClassVar[bool] = True

    @pytest.fixture
    async def vectors(self, opened: Open) -> AsyncIterator[Vectors]:
        async with opened() as vectors:
            yield vectors

    @pytest.fixture
    async def collection(self, vectors: Vectors) -> UUID:
        collection = uuid4()
        await vectors.create(collection, DIMENSION)
        return collection

    async def test_a_new_collection_is_empty(self, vectors: Vectors, collection: UUID) -> None:
        assert await vectors.count(collection) == 0
        assert await vectors.count(collection, uuid4()) == 0
        assert await vectors.ids(collection) == set()
        assert await vectors.search(collection, ask("anything")) == []

    async def test_create_again_keeps_the_points(self, vectors: Vectors, collection: UUID) -> None:
        await vectors.upsert(collection, [point("kept")])
        await vectors.create(collection, DIMENSION)
        assert texts(await vectors.search(collection, ask("kept"))) == ["kept"]

    async def test_many_create_the_same_collection(self, vectors: Vectors) -> None:
        collection = uuid4()
        await asyncio.gather(*(vectors.create(collection, DIMENSION) for _ in range(5)))
        await vectors.upsert(collection, [point("text")])
        assert await vectors.count(collection) == 1

    async def test_create_with_another_dimension_is_refused(
        self, vectors: Vectors, collection: UUID
    ) -> None:
        await vectors.upsert(collection, [point("kept")])
        with pytest.raises(ModelMismatch, match=f"{DIMENSION} dimensions, not 16"):
            await vectors.create(collection, 16)
        assert texts(await vectors.search(collection, ask("kept"))) == ["kept"]

    async def test_a_dropped_collection_is_gone(self, vectors: Vectors, collection: UUID) -> None:
        await vectors.upsert(collection, [point("gone")])
        await vectors.drop(collection)
        with pytest.raises(NotFound):
            await vectors.count(collection)
        await vectors.drop(collection)

    async def test_a_dropped_collection_may_come_again_in_another_shape(
        self, vectors: Vectors, collection: UUID
    ) -> None:
        await vectors.upsert(collection, [point("gone")])
        await vectors.drop(collection)
        await vectors.create(collection, 4)
        assert await vectors.count(collection) == 0
        await vectors.upsert(collection, [point("new", axis(0, 4))])
        assert texts(await vectors.search(collection, ask("new", axis(0, 4)))) == ["new"]

    async def test_dropping_what_never_was_is_no_error(self, vectors: Vectors) -> None:
        await vectors.drop(uuid4())

    @pytest.mark.parametrize("operation", OPERATIONS)
    async def test_an_unknown_collection_is_not_found(
        self, vectors: Vectors, collection: UUID, operation: str
    ) -> None:
        with pytest.raises(NotFound):
            await OPERATIONS[operation](vectors, uuid4())
        assert await vectors.count(collection) == 0

    async def test_points_are_counted_and_listed(self, vectors: Vectors, collection: UUID) -> None:
        version = uuid4()
        points = [point("of it", version=version), point("of it too", version=version)]
        points.append(point("of another"))
        await vectors.upsert(collection, points)
        assert await vectors.count(collection) == 3
        assert await vectors.count(collection, version) == 2
        assert await vectors.ids(collection) == {one.id for one in points}

    async def test_writing_nothing_changes_nothing(
        self, vectors: Vectors, collection: UUID
    ) -> None:
        await vectors.upsert(collection, [])
        assert await vectors.count(collection) == 0

    async def test_a_point_of_a_known_id_is_replaced(
        self, vectors: Vectors, collection: UUID
    ) -> None:
        id, old, new = uuid4(), uuid4(), uuid4()
        await vectors.upsert(collection, [point("before", id=id, version=old)])
        await vectors.upsert(
            collection, [point("after", axis(1), id=id, version=new, payload={"n": 2})]
        )
        (hit,) = await vectors.search(collection, ask("before", axis(1)))
        assert (hit.id, hit.version, hit.text, hit.payload) == (id, new, "after", {"n": 2})
        assert hit.similarity == pytest.approx(1.0, abs=1e-5)
        assert await vectors.count(collection, old) == 0
        assert await vectors.count(collection) == 1

    async def test_of_points_with_one_id_the_last_counts(
        self, vectors: Vectors, collection: UUID
    ) -> None:
        id = uuid4()
        await vectors.upsert(collection, [point("first", id=id), point("last", id=id)])
        assert texts(await vectors.search(collection, ask("first"))) == ["last"]

    async def test_a_version_is_deleted_and_no_other(
        self, vectors: Vectors, collection: UUID
    ) -> None:
        gone, kept = uuid4(), uuid4()
        await vectors.upsert(collection, [point("a", version=gone), point("b", version=kept)])
        await vectors.delete_version(collection, gone)
        await vectors.delete_version(collection, gone)
        assert await vectors.count(collection) == 1
        assert await vectors.count(collection, gone) == 0
        assert texts(await vectors.search(collection, ask("a"))) == ["b"]

    @pytest.mark.parametrize(("text", "word"), WORDS)
    async def test_a_rare_word_finds_its_text_when_vectors_say_otherwise(
        self, vectors: Vectors, collection: UUID, text: str, word: str
    ) -> None:
        await vectors.upsert(collection, [*crowd(200), point(text, -axis(0))])
        hits = await vectors.search(collection, ask(word, limit=3))
        assert text in texts(hits)

    async def test_a_rare_word_in_a_sentence_finds_its_text(
        self, vectors: Vectors, collection: UUID
    ) -> None:
        await vectors.upsert(collection, [*crowd(200), point("frobnicate plain words", -axis(0))])
        hits = await vectors.search(collection, ask("which plain chunk does frobnicate words?"))
        assert "frobnicate plain words" in texts(hits)[:3]

    async def test_meaning_finds_a_text_of_other_words(
        self, vectors: Vectors, collection: UUID
    ) -> None:
        await vectors.upsert(collection, [*crowd(50), point("automobile", axis(3))])
        (first, *_) = await vectors.search(collection, ask("car", axis(3)))
        assert first.text == "automobile"

    @pytest.mark.parametrize("others", [1, 12])
    async def test_meaning_and_word_together_come_first(
        self, vectors: Vectors, collection: UUID, others: int
    ) -> None:
        both = point("the zebra", between(axis(3), axis(4), 0.9))
        meant = [point(f"plain {n}", between(axis(3), axis(5), 0.92)) for n in range(others)]
        worded = [point(f"zebra {n}", axis(6)) for n in range(others)]
        await vectors.upsert(collection, [*meant, *worded, both, *crowd(30)])
        (first, *_) = await vectors.search(collection, ask("zebra", axis(3)))
        assert first.text == "the zebra"

    @pytest.mark.parametrize("text", ["", "  ", "?!…", "\n"])
    async def test_a_question_without_words_is_answered_by_meaning(
        self, vectors: Vectors, collection: UUID, text: str
    ) -> None:
        cosines = [0.1, 0.9, 0.5, 0.7, 0.3]
        await vectors.upsert(
            collection, [point(str(c), between(axis(1), axis(2), c)) for c in cosines]
        )
        hits = await vectors.search(collection, ask(text, axis(1)))
        assert texts(hits) == ["0.9", "0.7", "0.5", "0.3", "0.1"]

    async def test_a_text_without_words_is_found_by_meaning(
        self, vectors: Vectors, collection: UUID
    ) -> None:
        await vectors.upsert(collection, [point("", axis(2)), point("***", axis(3))])
        hits = await vectors.search(collection, ask("words", axis(3), limit=1))
        assert texts(hits) == ["***"]

    async def test_similarity_is_the_cosine(self, vectors: Vectors, collection: UUID) -> None:
        cosines = [-1.0, -0.25, 0.0, 0.5, 1.0]
        await vectors.upsert(
            collection, [point(str(c), between(axis(1), axis(2), c)) for c in cosines]
        )
        hits = await vectors.search(collection, ask("0.5", 3 * axis(1)))
        assert {hit.text: pytest.approx(hit.similarity, abs=1e-5) for hit in hits} == {
            str(c): c for c in cosines
        }

    async def test_the_best_come_first_and_as_many_as_asked(
        self, vectors: Vectors, collection: UUID
    ) -> None:
        await vectors.upsert(collection, crowd(40))
        for limit in (1, 7, 40, 100):
            hits = await vectors.search(collection, ask("chunk 3", limit=limit))
            scores = [hit.score for hit in hits]
            assert len(hits) == min(limit, 40)
            assert scores == sorted(scores, reverse=True)

    async def test_equal_points_come_in_the_order_of_their_ids(
        self, vectors: Vectors, collection: UUID
    ) -> None:
        points = [point("the same") for _ in range(12)]
        await vectors.upsert(collection, points)
        expected = sorted(one.id for one in points)
        for limit in (5, 12):
            hits = await vectors.search(collection, ask("same", limit=limit))
            assert [hit.id for hit in hits] == expected[:limit]

    @pytest.mark.parametrize("limit", [0, -1])
    async def test_a_limit_below_one_is_refused(
        self, vectors: Vectors, collection: UUID, limit: int
    ) -> None:
        with pytest.raises(InvalidInput) as refused:
            await vectors.search(collection, ask("text", limit=limit))
        assert refused.value.field == "limit"

    @settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        hidden=st.sets(st.integers(0, 7)),
        words=st.lists(st.sampled_from(["plain", "rare0", "rare3", "rare7", "none"])),
        axis_of_question=st.integers(0, DIMENSION - 1),
    )
    async def test_hidden_versions_are_never_found_and_hide_nothing_else(
        self,
        vectors: Vectors,
        collection: UUID,
        hidden: set[int],
        words: list[str],
        axis_of_question: int,
    ) -> None:
        versions = [UUID(int=number + 1) for number in range(8)]
        points = [
            point(f"plain rare{v}", axis((v + n) % 8), id=UUID(int=v * 10 + n), version=versions[v])
            for v in range(8)
            for n in range(3)
        ]
        await vectors.upsert(collection, points)
        concealed = {versions[number] for number in hidden}
        hits = await vectors.search(
            collection, ask(" ".join(words), axis(axis_of_question), 24, concealed)
        )
        assert {hit.id for hit in hits} == {p.id for p in points if p.version not in concealed}

    async def test_hundreds_of_versions_may_be_hidden(
        self, vectors: Vectors, collection: UUID
    ) -> None:
        points = crowd(400)
        await vectors.upsert(collection, points)
        hidden = [one.version for one in points[:397]]
        hits = await vectors.search(collection, ask("plain chunk", hidden=hidden))
        assert {hit.id for hit in hits} == {one.id for one in points[397:]}

    async def test_where_points_are_named_no_others_are_found(
        self, vectors: Vectors, collection: UUID
    ) -> None:
        points = crowd(60)
        await vectors.upsert(collection, points)
        only = [one.id for one in points[40:45]]
        asked = replace(ask("plain chunk"), only=(*only, uuid4()))
        assert {hit.id for hit in await vectors.search(collection, asked)} == set(only)
        shown = replace(asked, hidden_versions=(points[40].version,))
        assert {hit.id for hit in await vectors.search(collection, shown)} == set(only[1:])
        unknown = replace(asked, only=(uuid4(),))
        assert await vectors.search(collection, unknown) == []

    async def test_collections_are_apart(self, vectors: Vectors, collection: UUID) -> None:
        other, id, version = uuid4(), uuid4(), uuid4()
        await vectors.create(other, DIMENSION)
        await vectors.upsert(collection, [point("mine", id=id, version=version)])
        await vectors.upsert(other, [point("yours", id=id, version=version)])
        assert texts(await vectors.search(collection, ask("yours"))) == ["mine"]
        await vectors.delete_version(other, version)
        assert await vectors.count(collection) == 1
        await vectors.drop(other)
        assert texts(await vectors.search(collection, ask("yours"))) == ["mine"]

    @pytest.mark.parametrize(
        "wrong",
        [axis(0, 4), axis(0, 16), np.full(DIMENSION, np.nan), np.zeros(DIMENSION)],
        ids=["short", "long", "not a number", "without direction"],
    )
    async def test_a_wrong_vector_is_refused_with_nothing_written(
        self, vectors: Vectors, collection: UUID, wrong: Vector
    ) -> None:
        points = [*crowd(100), point("wrong", wrong.astype(np.float32)), *crowd(100)]
        with pytest.raises(InvalidInput) as refused:
            await vectors.upsert(collection, points)
        assert refused.value.field == "vector"
        assert await vectors.count(collection) == 0
        with pytest.raises(InvalidInput):
            await vectors.search(collection, ask("text", wrong.astype(np.float32)))

    async def test_text_and_payload_come_back_as_they_were(
        self, vectors: Vectors, collection: UUID
    ) -> None:
        text = "naïve 日本語 🦓 \u0000 e\u0301 \u202emixed\r\n"
        payload = {
            "heading path": ["A", "B.c", ""],
            "span": {"start": 0, "end": 2**53 + 1},
            "ratio": 0.1,
            "none": None,
            "yes": True,
            "version": "the caller's own",
            "🦓": [],
        }
        await vectors.upsert(collection, [point(text, payload=payload)])
        (hit,) = await vectors.search(collection, ask("🦓 日本語"))
        assert hit.text == text
        assert hit.payload == payload

    async def test_what_is_not_unicode_or_json_is_refused_with_nothing_written(
        self, vectors: Vectors, collection: UUID
    ) -> None:
        with pytest.raises(InvalidInput) as refused:
            await vectors.upsert(collection, [point("good"), point("\ud800")])
        assert refused.value.field == "text"
        with pytest.raises(InvalidInput) as refused:
            await vectors.upsert(collection, [point("good"), point("x", payload={"a": uuid4()})])
        assert refused.value.field == "payload"
        with pytest.raises(InvalidInput):
            await vectors.search(collection, ask("\ud800"))
        assert await vectors.count(collection) == 0

    async def test_a_large_batch_is_written_whole(self, vectors: Vectors, collection: UUID) -> None:
        points = crowd(1_000)
        await vectors.upsert(collection, points)
        assert await vectors.count(collection) == 1_000
        assert await vectors.ids(collection) == {one.id for one in points}

    async def test_ids_are_listed_past_any_page(self, vectors: Vectors, collection: UUID) -> None:
        points = crowd(4_500)
        await vectors.upsert(collection, points)
        assert await vectors.ids(collection) == {one.id for one in points}

    async def test_many_write_and_search_at_once(self, vectors: Vectors, collection: UUID) -> None:
        batches = [crowd(30) for _ in range(10)]
        writes = [vectors.upsert(collection, batch) for batch in batches]
        searches = [vectors.search(collection, ask("plain chunk")) for _ in range(50)]
        await asyncio.gather(*writes, *searches)
        assert await vectors.ids(collection) == {one.id for batch in batches for one in batch}

    async def test_what_was_written_is_there_after_opening_again(self, opened: Open) -> None:
        if not self.persistent:
            pytest.skip("this store declares that it keeps nothing")
        collection, gone = uuid4(), uuid4()
        kept = point("kept foo_bar", axis(2), payload={"n": 1})
        async with opened() as vectors:
            await vectors.create(collection, DIMENSION)
            await vectors.upsert(collection, [kept, point("gone", version=gone)])
            await vectors.delete_version(collection, gone)
        async with opened() as vectors:
            (hit,) = await vectors.search(collection, ask("foo_bar", axis(2)))
            assert (hit.id, hit.text, hit.payload) == (kept.id, kept.text, kept.payload)
            assert await vectors.ids(collection) == {kept.id}
            await vectors.create(collection, DIMENSION)
            assert await vectors.count(collection, gone) == 0
