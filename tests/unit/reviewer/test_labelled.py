"""How often the check by wording and meaning is wrong, on labelled claims; `-s` prints which."""

from sutazai.adapters.minilm.inprocess import InProcessEmbeddings
from sutazai_agents.reviewer.support import supported
from tests.unit.reviewer.labelled import PAIRS, Pair

# Measured 2026-11: 4 of 45 and 0 of 41. The bounds leave room for one that another processor's
# digits may tip.
MOST_FALSE_ACCEPTS = 5 / 45
MOST_FALSE_REJECTS = 1 / 41


async def test_wrong_claims_are_hardly_accepted_and_right_ones_hardly_rejected(
    minilm: InProcessEmbeddings,
) -> None:
    assert len(PAIRS) >= 40
    said = await supported([(pair.claim, [pair.passage]) for pair in PAIRS], minilm)
    accepted = [p for p, holds in zip(PAIRS, said, strict=True) if holds and not p.supported]
    rejected = [p for p, holds in zip(PAIRS, said, strict=True) if not holds and p.supported]
    print(_table("accepted though wrong", accepted), _table("rejected though right", rejected))
    wrong = sum(not pair.supported for pair in PAIRS)
    assert len(accepted) / wrong <= MOST_FALSE_ACCEPTS
    assert len(rejected) / (len(PAIRS) - wrong) <= MOST_FALSE_REJECTS


def _table(name: str, pairs: list[Pair]) -> str:
    return "\n".join((f"{name}: {len(pairs)}", *(f"  {p.shows}: {p.claim}" for p in pairs), ""))
