"""The rules by which a claim says otherwise than its quotes."""

import time

import pytest

from sutazai_agents.reviewer.contradiction import contradicts
from sutazai_agents.reviewer.figures import agree, figures


@pytest.mark.parametrize(
    ("claim", "quote", "fit"),
    [
        ("1,000 users", "a thousand users", True),
        ("1.000 Nutzer", "1000 Nutzer", True),
        ("1,5 Liter", "1.5 litres", True),
        ("15 litres", "1.5 litres", False),
        ("twenty-one days", "21 days", True),
        ("einundzwanzig Tage", "21 days", True),
        ("a dozen eggs", "12 eggs", True),
        ("3 million euros", "3,000,000 €", True),
        ("3 million euros", "3 euros", False),
        ("$5", "5 dollars", True),
        ("$5", "5 €", False),
        ("the 3rd of May", "3 May", True),
        ("at 2:30", "2.30 Uhr", True),
        ("30 weeks", "at 2:30, 30 days", False),
        ("5", "5 km", True),
        ("no number", "7", True),
    ],
)
def test_figures_are_compared_by_what_they_may_mean(claim: str, quote: str, fit: bool) -> None:
    assert agree(figures(claim), figures(quote)) == fit


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        ("It runs on no more than 5 nodes.", "It runs on 5 nodes at most."),
        ("It is not only fast, it is small.", "It is fast. It is small."),
        ("See no. 5 of the rules.", "Rule 5 of the rules."),
        ("The bridge isn't unsafe.", "The bridge is safe."),
        ("Something else altogether.", "The bridge is not safe."),
        ("The task is done.", "Tasks are done."),
        ("John paid.", "John paid the fee, and Mary did not."),
    ],
)
def test_what_does_not_contradict(claim: str, quote: str) -> None:
    assert not contradicts(claim, [quote])


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        ("The bridge is unsafe.", "The bridge is safe."),
        ("The bridge isn’t safe.", "The bridge is safe."),
        ("Kein Hund darf in den Laden.", "Ein Hund darf in den Laden."),
        ("Entry without a ticket is fine.", "Entry with a ticket is fine."),
        ("Mary paid the fee.", "John paid the fee."),
        ("It is safe, and it is open daily.", "It is safe, and it is not open daily."),
    ],
)
def test_what_contradicts(claim: str, quote: str) -> None:
    assert contradicts(claim, [quote])


@pytest.mark.parametrize("text", ["not " * 20_000, "1." * 20_000, "A-" * 20_000, ", and" * 10_000])
def test_long_texts_take_no_long_time(text: str) -> None:
    begun = time.process_time()
    contradicts(text, [text])
    assert time.process_time() - begun < 5
