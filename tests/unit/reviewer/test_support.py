"""Which claims their quotes support, with the real embedder."""

import pytest

from sutazai.adapters.minilm.inprocess import InProcessEmbeddings
from sutazai_agents.reviewer.support import supported

QUOTE = "The shop opens at nine in the morning, and a loaf of rye bread costs four euros."
PLEDGE = "Members of the garden pay a yearly fee of 48 euros, due by 1 March."
LEASE = "A lease holds ten seconds. A worker that stops sending heartbeats loses its task."


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        ("A loaf of rye bread costs four euros.", QUOTE),
        ("The shop opens at nine.", QUOTE),
        ("Rye bread is four euros a loaf.", QUOTE),
        ("The yearly fee is 48 euros.", PLEDGE),
        ("Members pay 48 euros by 1 March each year.", PLEDGE),
        ("A worker without heartbeats loses its task.", LEASE),
        ("Leases hold for ten seconds.", LEASE),
    ],
)
async def test_what_a_quote_says_is_supported(
    minilm: InProcessEmbeddings, claim: str, quote: str
) -> None:
    assert await supported([(claim, [quote])], minilm) == [True]


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        ("The owner of the shop was born in Lisbon.", QUOTE),
        ("The bus to the harbour leaves every ten minutes.", QUOTE),
        ("The yearly fee is 54 euros.", PLEDGE),
        ("Members may bring dogs to the garden on weekends.", PLEDGE),
        ("Wheat was first grown in Mesopotamia.", QUOTE),
        ("The database keeps a copy of all messages for recovery.", LEASE),
    ],
)
async def test_what_it_does_not_say_is_not(
    minilm: InProcessEmbeddings, claim: str, quote: str
) -> None:
    assert await supported([(claim, [quote])], minilm) == [False]


async def test_several_quotes_support_a_claim_together(minilm: InProcessEmbeddings) -> None:
    claim = "The shop opens at nine, and the yearly fee is 48 euros."
    assert await supported([(claim, [QUOTE, PLEDGE]), (claim, [QUOTE])], minilm) == [True, False]
