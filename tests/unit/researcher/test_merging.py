"""One list of passages from several."""

from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from sutazai_agents.researcher.merging import merged, within
from sutazai_kit.vectors.port import Hit

IDS = [UUID(int=number) for number in range(12)]


def hit(id: UUID, similarity: float = 0.5, score: float = 1.0, text: str = "bees") -> Hit:
    payload = {
        "document": str(UUID(int=id.int % 3)),
        "name": "bees.md",
        "number": 0,
        "start": 7,
        "end": 7 + len(text),
        "heading_path": ["Year", "Spring"],
    }
    return Hit(id, uuid4(), score, similarity, text, payload)


def test_a_hit_becomes_a_passage() -> None:
    (passage,) = merged([[hit(IDS[4], 0.25, 3.5)]], 8)
    assert passage.chunk == IDS[4]
    assert (passage.document.id, passage.document.name) == (UUID(int=1), "bees.md")
    assert (passage.start, passage.end, passage.text) == (7, 11, "bees")
    assert passage.heading_path == ("Year", "Spring")
    assert (passage.score, passage.similarity) == (3.5, 0.25)


def test_the_best_rank_of_any_list_counts_then_the_similarity() -> None:
    one = [hit(IDS[0], 0.9), hit(IDS[1], 0.4), hit(IDS[2], 0.3)]
    other = [hit(IDS[2], 0.8), hit(IDS[3], 0.7), hit(IDS[0], 0.2)]
    found = merged([one, other], 8)
    assert [each.chunk for each in found] == [IDS[0], IDS[2], IDS[3], IDS[1]]
    assert [each.similarity for each in found] == [0.9, 0.8, 0.7, 0.4]
    assert [each.score for each in found] == [1, 1, 0.5, 0.5]


@given(
    st.lists(st.lists(st.sampled_from(IDS), unique=True), min_size=1, max_size=4),
    st.integers(1, 12),
)
def test_nothing_is_doubled_and_nothing_is_lost_below_the_limit(
    lists: list[list[UUID]], limit: int
) -> None:
    found = merged([[hit(id) for id in ids] for ids in lists], limit)
    chunks = [each.chunk for each in found]
    different = {id for ids in lists for id in ids}
    assert len(set(chunks)) == len(chunks) == min(limit, len(different))
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)
    if limit >= len(lists):
        assert {ids[0] for ids in lists if ids} <= set(chunks)


def test_what_is_too_large_together_is_left_out_from_the_end() -> None:
    passages = merged([[hit(id, text="é" * 500) for id in IDS]], 12)
    size = len(passages[0].model_dump_json().encode()) + 1
    assert within(passages, 3 * size) == passages[:3]
    assert within(passages, 3 * size - 1) == passages[:2]
    assert within(passages, 10**6) == passages
