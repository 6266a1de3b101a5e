"""What an extract leads to, in a passage that the graph found."""

from sutazai.adapters.minilm.inprocess import InProcessEmbeddings
from sutazai_contracts.knowledge import Passage
from tests.unit.writer.passages import passage
from tests.unit.writer.test_writer import ask

QUESTION = "In which town is the yard of the company that made the Zephyr engine?"
ENGINE = passage("The Zephyr 9 is an engine. It was made by Halden Works in 1987.", name="a.md")
YARD = "Halden Works has a yard in Trondheim with 90 workers. Its gates open at seven."
OIL = passage("An engine needs oil.", name="oil.md")


def led(text: str, by_graph: bool = True) -> Passage:
    """Make a passage that the graph found."""
    return passage(text, name="b.md", by_graph=by_graph)


async def test_what_the_best_quote_leads_to_comes_after_it(minilm: InProcessEmbeddings) -> None:
    answer = await ask(minilm, QUESTION, ENGINE, OIL, led(YARD))
    assert [one.document.name for one in answer.citations[:2]] == ["a.md", "b.md"]
    assert [one.by_graph for one in answer.citations[:2]] == [False, True]
    assert answer.citations[1].quote.startswith("Halden Works has a yard in Trondheim")
    # How sure the answer is hangs on what fits by itself.
    plain = await ask(minilm, QUESTION, ENGINE, OIL, led(YARD, by_graph=False))
    assert [one.document.name for one in plain.citations] == ["a.md"]
    assert answer.confidence == plain.confidence


async def test_what_shares_no_name_with_it_is_not_led_to(minilm: InProcessEmbeddings) -> None:
    other = led("Berg Foundry has a yard in Bergen with 70 people. Its gates open at nine.")
    answer = await ask(minilm, QUESTION, ENGINE, OIL, other)
    assert [one.document.name for one in answer.citations] == ["a.md"]
    # A name that both have counts for more than a common word that both have.
    works = led("The Berg company works at a yard in Bergen.")
    answer = await ask(minilm, QUESTION, ENGINE, works, led(YARD))
    assert "Trondheim" in answer.citations[1].quote


async def test_what_says_nothing_of_the_question_is_not_led_to(
    minilm: InProcessEmbeddings,
) -> None:
    other = led("Halden has a cat.")
    answer = await ask(minilm, QUESTION, ENGINE, OIL, other)
    assert [one.document.name for one in answer.citations] == ["a.md"]


async def test_where_nothing_fits_nothing_is_led_to(minilm: InProcessEmbeddings) -> None:
    answer = await ask(minilm, "Who was the first woman in space?", ENGINE, led(YARD))
    assert not answer.grounded


async def test_what_is_quoted_already_is_not_quoted_twice(minilm: InProcessEmbeddings) -> None:
    answer = await ask(minilm, "Where is the yard of Halden Works?", led(YARD), ENGINE)
    quotes = [one.quote for one in answer.citations]
    assert len({*quotes}) == len(quotes)
    assert quotes[0].startswith("Halden Works has a yard")
