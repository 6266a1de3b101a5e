"""PDF: text by page, sections by the outline, and words for what can't be read."""

import pytest

from sutazai_agents.documents.parse import parse
from sutazai_agents.documents.parsed import Parsed
from sutazai_contracts.errors import UnreadableDocument
from tests.unit.librarian import pdfs
from tests.unit.librarian.documents import block_texts, covered, paths


def read(data: bytes, name: str = "a.pdf") -> Parsed:
    return covered(parse(data, name))


@pytest.mark.requirement("E1", part="parse PDF")
def test_pages_are_read_and_named() -> None:
    parsed = read(pdfs.pages(["First page.", "Its second line."], ["Second page."], title="Guide"))
    assert parsed.text == "First page.\nIts second line.\n\nSecond page."
    assert paths(parsed) == {
        "First page.\nIts second line.": ("Page 1",),
        "Second page.": ("Page 2",),
    }
    assert (parsed.media_type, parsed.title, parsed.pages) == ("application/pdf", "Guide", 2)
    assert parsed.warnings == ()


def test_the_outline_names_the_sections() -> None:
    parsed = read(
        pdfs.pages(
            ["Preface.", "One", "of one"],
            ["more of one", "2 Two", "of two"],
            ["of three"],
            outline=[("One", 0), ("Two", 1), ("Three", 2)],
        )
    )
    assert paths(parsed) == {
        "Preface.": ("Page 1",),
        "One\nof one": ("One", "Page 1"),
        "more of one": ("One", "Page 2"),
        "2 Two\nof two": ("Two", "Page 2"),
        "of three": ("Three", "Page 3"),
    }


def test_a_title_without_text_goes_with_its_first_section() -> None:
    data = pdfs.pages(
        ["before", "One", "First", "of first", "Second", "Third", "of third"],
        outline=[("One", 0), (">First", 0), (">Second", 0), (">Third", 0)],
    )
    assert paths(read(data)) == {
        "before": ("Page 1",),
        "One\nFirst\nof first": ("One", "First", "Page 1"),
        "Second": ("One", "Second", "Page 1"),
        "Third\nof third": ("One", "Third", "Page 1"),
    }


def test_words_cut_at_the_end_of_a_line_are_whole_again() -> None:
    parsed = read(pdfs.pages(["Expenses are permit-", "ted, and the West-", "Side - far."]))
    assert parsed.text == "Expenses are permitted, and the West-Side - far."


def test_letters_of_other_languages_and_brackets_are_kept() -> None:
    assert read(pdfs.pages(["Größe (≈ 3 €) – “naïve”".replace("≈ ", "")])).text == (
        "Größe (3 €) – “naïve”"
    )


def test_pages_without_text_are_told() -> None:
    parsed = read(pdfs.pages(["one"], [], [], [], [], ["six"]))
    assert list(paths(parsed).values()) == [("Page 1",), ("Page 6",)]
    assert parsed.warnings == ("4 of 6 pages show no text (page 2, 3, 4, …).",)


def test_pages_are_told_while_they_are_read() -> None:
    told: list[tuple[int, int]] = []
    parse(pdfs.pages(["a"], ["b"], ["c"]), "a.pdf", lambda *pages: told.append(pages))
    assert told == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize("name", ["notes.txt", "page.html", "archive.zip", "none"])
def test_a_pdf_is_one_whatever_it_is_called(name: str) -> None:
    assert read(pdfs.pages(["text"]), name).media_type == "application/pdf"
    assert read(b"\n\n" + pdfs.pages(["text"]), name).text == "text"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (pdfs.encrypted(), "needs a password"),
        (b"%PDF-1.7\n", "broken or cut off"),
        (pdfs.of_images(), "no text layer"),
        (pdfs.pages([], []), "no text layer"),
        (pdfs.repeated_pages(20_001), "has 20001 pages; up to 20000 are read"),
    ],
)
def test_what_has_no_text_to_read_is_refused_in_words(data: bytes, reason: str) -> None:
    with pytest.raises(UnreadableDocument, match=reason):
        parse(data, "a.pdf")


def test_a_page_that_is_broken_does_not_hide_the_others() -> None:
    whole = pdfs.pages(["one"], ["two"], ["three"])
    broken = whole.replace(b"/Kids [4 0 R 6 0 R 8 0 R]", b"/Kids [4 0 R 3 0 R 8 0 R]")
    parsed = read(broken)
    assert "one" in parsed.text
    assert "three" in parsed.text


def test_blocks_are_paragraphs() -> None:
    assert block_texts(read(pdfs.pages(["only"]))) == [("paragraph", "only")]
