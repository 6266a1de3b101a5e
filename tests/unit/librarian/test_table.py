"""CSV: every row says what its values are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sutazai_agents.documents.parse import parse_text
from sutazai_agents.documents.parsed import Parsed
from tests.unit.librarian.documents import block_texts, covered

pytestmark = pytest.mark.untraced

PRICES = "Item,Price,Note\nTea,2.50,hot\nCoffee,3,\n"


def read(text: str, name: str = "a.csv") -> Parsed:
    return covered(parse_text(text, name))


@pytest.mark.requirement("E1", part="parse CSV")
def test_rows_bear_the_names_of_their_columns() -> None:
    parsed = read(PRICES)
    assert block_texts(parsed) == [
        ("table", "Item: Tea\nPrice: 2.50\nNote: hot"),
        ("table", "Item: Coffee\nPrice: 3"),
    ]
    assert parsed.media_type == "text/csv"


@pytest.mark.parametrize("delimiter", ["\t", ";", "|"])
def test_what_parts_cells_is_found_out(delimiter: str) -> None:
    assert read(PRICES.replace(",", delimiter)).text == read(PRICES).text


def test_quoted_cells_hold_what_parts_others() -> None:
    parsed = read('name,words\n"Smith, J.","he said ""no"", and\nleft"\n')
    assert parsed.text == 'name: Smith, J.\nwords: he said "no", and\nleft'


def test_without_names_values_stand_alone() -> None:
    assert read("1,2,x\n3,4,y\n").text == "1 | 2 | x\n\n3 | 4 | y"
    assert read("a,b\n").text == "a | b"


def test_rows_of_other_lengths_are_read() -> None:
    assert read("a,b\n1,2\n1\n1,2,3\n").text == ("a: 1\nb: 2\n\na: 1\n\na: 1\nb: 2\ncolumn 3: 3")


def test_a_table_is_one_without_a_name_that_says_so() -> None:
    text = "city,country,people\n" + "".join(f"City{n},X,{n}\n" for n in range(9))
    assert read(text, "data").media_type == "text/csv"
    assert read(text, "data.txt").text.startswith("city: City0\ncountry: X\npeople: 0\n\n")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("One, two, three.\nFour, five, and six.\nSeven, eight.\nNine.\nTen, eleven.\n", "a.txt"),
        ("just words\nand more words\n", "a.csv"),
        ("a,b,c\n1,2,3\n", "a.txt"),
    ],
)
def test_prose_is_no_table(text: str, name: str) -> None:
    assert read(text, name).media_type == "text/plain"


def test_ten_thousand_columns_and_rows() -> None:
    wide = ",".join(f"c{n}" for n in range(10_000)) + "\n" + ",".join("v" * 10_000) + "\n"
    assert read(wide).text.endswith("c9999: v")
    assert len(read("n,m\n" + "1,2\n" * 10_000).blocks) == 10_000


def test_quotes_that_are_not_closed_count_as_letters() -> None:
    parsed = read('a,b\n1,"open\n' + "2,3\n" * 400_000)
    assert parsed.text.endswith("a: 2\nb: 3")


@given(st.text(alphabet=st.sampled_from('ab,;"\n\t|1 👋\u200b'), min_size=1, max_size=120))
def test_any_table_is_read(text: str) -> None:
    if text.strip():
        covered(parse_text(text, "a.csv"))
