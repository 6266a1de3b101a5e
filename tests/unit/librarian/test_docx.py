"""DOCX: headings, lists, tables and notes are read as a person reads them."""

import pytest

from sutazai_agents.documents.parse import parse
from sutazai_agents.documents.parsed import Parsed
from sutazai_contracts.errors import UnreadableDocument
from tests.unit.librarian.documents import block_texts, covered, paths
from tests.unit.librarian.offices import ENTITIES, docx, item, p, zip_bomb, zipped


def read(body: str, **more: str) -> Parsed:
    return covered(parse(docx(body, **more), "a.docx"))


@pytest.mark.requirement("E1", part="parse DOCX")
def test_headings_are_told_by_their_styles() -> None:
    parsed = read(
        p("The guide", "Titel")
        + p("intro")
        + p("One", "H1")
        + p("of one")
        + p("Two", "Mine")
        + p("of two")
        + p("Deep", "Level")
        + p("of deep")
        + p("Own", properties='<w:outlineLvl w:val="0"/>')
        + p("of own", "Ring")
    )
    assert paths(parsed) == {
        "intro": ("The guide",),
        "of one": ("The guide", "One"),
        "of two": ("The guide", "One", "Two"),
        "of deep": ("The guide", "One", "Two", "Deep"),
        "of own": ("The guide", "Own"),
    }
    assert parsed.title == "The guide"
    assert parsed.media_type.endswith("wordprocessingml.document")


def test_the_title_of_the_properties_goes_first() -> None:
    assert read(p("Heading", "H1"), title=" A  title ").title == "A title"
    assert read(p("Heading", "H1")).title == "Heading"
    assert read(p("text")).title is None


def test_lists_are_drawn_and_counted() -> None:
    body = (
        p("Intro")
        + item("dot", 1)
        + item("inner dot", 1, 1)
        + p("by style", "Dots")
        + p("between")
        + item("third", 2)
        + item("inner", 2, 1)
        + item("inner too", 2, 1)
        + item("fourth", 2)
        + item("unknown", 99)
        + item("inner again", 2, 1)
    )
    assert block_texts(read(body)) == [
        ("paragraph", "Intro"),
        ("list", "- dot\n  - inner dot\n- by style"),
        ("paragraph", "between"),
        ("list", "3. third\n  1. inner\n  2. inner too\n4. fourth\n- unknown\n  1. inner again"),
    ]


def test_rows_of_tables_are_lines() -> None:
    def row(*cells: str) -> str:
        return "<w:tr>" + "".join(f"<w:tc>{cell}</w:tc>" for cell in cells) + "</w:tr>"

    table = f"<w:tbl>{row(p('What'), p('Euro'))}{row(p('Tea') + p('green'), p('2'))}</w:tbl>"
    assert block_texts(read(p("before") + table + p("after"))) == [
        ("paragraph", "before"),
        ("table", "What | Euro\nTea\ngreen | 2"),
        ("paragraph", "after"),
    ]


def test_what_is_not_seen_is_not_read() -> None:
    run = "<w:r>{}<w:t>{}</w:t></w:r>".format
    body = (
        "<w:p><w:pPr><w:tabs><w:tab w:val='left' w:pos='720'/></w:tabs></w:pPr>"
        + run("", "seen")
        + "<w:r><w:tab/></w:r>"
        + run("<w:rPr><w:vanish/></w:rPr>", "hidden")
        + run("<w:rPr><w:vanish w:val='0'/></w:rPr>", "shown")
        + f"<w:del>{run('', 'deleted')}</w:del><w:ins>{run('', ' added')}</w:ins>"
        + f"<w:moveFrom>{run('', 'moved')}</w:moveFrom>"
        + "<w:r><w:instrText>PAGEREF</w:instrText><w:br/><w:t>soft</w:t><w:noBreakHyphen/></w:r>"
        + f"<mc:AlternateContent><mc:Choice>{run('', ' new')}</mc:Choice>"
        + f"<mc:Fallback>{run('', ' old')}</mc:Fallback></mc:AlternateContent></w:p>"
    )
    assert read(body).text == "seen\tshown added\nsoft- new"


def test_notes_follow_the_text() -> None:
    body = '<w:p><w:r><w:t>Claim</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r></w:p>'
    notes = (
        f'<w:footnote w:type="separator" w:id="0">{p("")}</w:footnote>'
        f'<w:footnote w:id="2">{p(" Source.")}</w:footnote>'
    )
    assert read(body, footnotes=notes).text == "Claim[2]\n\n[2] Source."


def test_text_boxes_and_content_controls_are_read() -> None:
    inner = f"<w:pict><w:txbxContent>{p('in')}</w:txbxContent></w:pict>"
    box = f"<w:p><w:r><w:t>out</w:t>{inner}</w:r></w:p>"
    control = f"<w:sdt><w:sdtContent>{p('controlled')}</w:sdtContent></w:sdt>"
    assert read(box + control).text == "in\n\nout\n\ncontrolled"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (zipped({"a.txt": "x"}), "a zip archive; archives are not opened yet; upload the files"),
        (b"PK\x05\x06" + bytes(18), "a zip archive; archives are not opened"),
        (zipped({"xl/workbook.xml": "x"}), "an Excel workbook; save its sheets as CSV"),
        (zipped({"ppt/presentation.xml": "x"}), "a PowerPoint presentation; save it as PDF"),
        (zipped({"mimetype": "x", "content.xml": "y"}), "an OpenDocument file"),
        (docx(p("text"))[:400], "broken or cut off"),
        (docx("", document="<w:document"), "its XML can't be read"),
        (docx("", document=ENTITIES), "declares XML entities"),
        (docx(""), "shows no text"),
        (zip_bomb(40), "more than 20 million characters"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else len(value),
)
def test_what_can_not_be_read_is_refused_in_words(data: bytes, reason: str) -> None:
    with pytest.raises(UnreadableDocument, match=reason):
        parse(data, "a.docx")


def test_packing_that_is_not_read_is_refused() -> None:
    data = bytearray(docx(p("text")))
    place = data.index(b"PK\x01\x02")
    while place >= 0:
        data[place + 8] |= 1  # every part says that it is encrypted
        place = data.find(b"PK\x01\x02", place + 4)
    with pytest.raises(UnreadableDocument, match="encrypted or packed"):
        parse(bytes(data), "a.docx")
