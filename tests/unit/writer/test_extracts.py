"""What can be quoted from a passage, and exactly where it stands."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sutazai_agents.writer.extracts import LONGEST_QUOTE, extracts

MARKS = ["- ", "# ", "> ", "| ", "|---|", "```", "**", "__", "1. ", "\n", "\n\n", "===", ":", "? "]
PIECES = st.one_of(st.sampled_from(MARKS), st.text(max_size=20), st.just("Bees fly. "))
TEXTS = st.lists(PIECES, max_size=40).map("".join)


def quotes(text: str, *headings: str) -> list[str]:
    return [each.of(text) for each in extracts(text, headings)]


@given(TEXTS)
def test_spans_lie_in_the_text_in_order_and_say_something(text: str) -> None:
    position = 0
    for each in extracts(text):
        quote = text[each.start : each.end]
        assert position <= each.start < each.end <= len(text)
        assert quote == quote.strip()
        assert len(quote) <= LONGEST_QUOTE
        assert any(sign.isalnum() for sign in quote)
        position = each.end


@given(st.lists(st.sampled_from(["Bees fly.", "Öl kostet 3 €.", "雨が降る。", "It 🐝 hums!"])))
def test_every_sentence_of_a_paragraph_is_found(said: list[str]) -> None:
    assert quotes(" ".join(said)) == said


def test_marks_are_no_part_of_a_quote() -> None:
    text = "> A wise word.\n\n- one thing\n* two things\n2. three things\n\n**Never do that.**\n"
    assert quotes(text) == [
        "A wise word.", "one thing", "two things", "three things", "Never do that."
    ]  # fmt: skip


def test_emphasis_inside_a_sentence_stays() -> None:
    assert quotes("**Stop** at the **line**") == ["**Stop** at the **line**"]


@pytest.mark.parametrize(
    "line",
    [
        "# Fees",
        "### Fees ###",
        "Fees\n====",
        "Fees\n----",
        "---",
        "* * *",
        "[Fees](fees.md)",
        "- [Fees](fees.md)",
        "![A picture](picture.png)",
        "[fees]: https://fees.example 'x'",
        "https://fees.example/a",
        "<https://fees.example/a>",
        "<!-- todo: fees -->",
        "</div>",
        "  ",
        "?!",
    ],
)
def test_what_answers_nothing_is_left_out(line: str) -> None:
    assert quotes(f"Before it.\n\n{line}\n\nAfter it.") == ["Before it.", "After it."]


def test_a_line_that_repeats_a_heading_is_one() -> None:
    assert quotes("Opening  times\n\nFrom ten to six.", "Museum", "Opening times") == [
        "From ten to six."
    ]


def test_a_link_in_a_sentence_is_part_of_it() -> None:
    assert quotes("See [the fees](fees.md) first.") == ["See [the fees](fees.md) first."]


def test_rows_have_the_head_of_their_table_as_context() -> None:
    text = "| City | Price |\n|:--|--:|\n| Paris | 210 |\n| Rome | 160 |\n\nThat is all."
    rows = extracts(text)
    assert [(each.of(text), each.context) for each in rows] == [
        ("Paris | 210", "City | Price"),
        ("Rome | 160", "City | Price"),
        ("That is all.", ""),
    ]


def test_rows_of_a_page_without_a_rule_are_all_quotable() -> None:
    assert quotes("Light | Meaning\nRed | no connection") == [
        "Light | Meaning",
        "Red | no connection",
    ]


def test_code_goes_line_by_line_with_what_leads_to_it() -> None:
    text = "To start, run:\n\n```bash\nmake run\n# wait\n```\n\nThen ask."
    found = extracts(text)
    assert [(each.of(text), each.kind, each.context) for each in found] == [
        ("To start, run:", "prose", ""),
        ("make run", "code", "To start, run:"),
        ("# wait", "code", "To start, run:"),
        ("Then ask.", "prose", ""),
    ]


def test_items_have_what_leads_to_them_as_context() -> None:
    text = "Bring with you:\n\n- a hat\n- a coat\n\nThen come.\n\n- by train"
    assert [each.context for each in extracts(text)] == [
        "", "Bring with you:", "Bring with you:", "", ""
    ]  # fmt: skip


def test_a_heading_ends_what_leads_to_something() -> None:
    text = "Bring with you:\n\n## Cars\n\n- by car"
    assert [(each.of(text), each.context) for each in extracts(text)][-1] == ("by car", "")


def test_a_long_item_goes_by_sentences() -> None:
    sentence = "The bees fly out early when it is warm. "
    assert quotes("- " + 10 * sentence) == 10 * [sentence.strip()]


def test_a_sentence_without_end_is_cut_between_words() -> None:
    text = "word " * 1000
    cut = quotes(text)
    assert " ".join(cut) == text.strip()
    assert all(len(quote) <= LONGEST_QUOTE for quote in cut)


def test_a_word_without_end_is_cut_anywhere() -> None:
    assert "".join(quotes("x" * 2000)) == "x" * 2000


@pytest.mark.parametrize(
    "line",
    ["a://" * 20_000 + " x", "[x](" * 20_000, "<a" * 30_000, "- " * 40_000 + "x", "|-" * 40_000],
)
def test_a_hostile_line_takes_no_longer_than_another(line: str) -> None:
    begun = time.process_time()
    extracts(line)
    # Tens of milliseconds when it is linear; minutes or for ever when it is not.
    assert time.process_time() - begun < 5
