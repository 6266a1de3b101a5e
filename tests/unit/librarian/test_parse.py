"""Documents are read by what they are, whatever they are called."""

import pytest

from sutazai_agents.documents.parse import MOST_BLOCKS, parse
from sutazai_agents.documents.writing import MOST_CHARACTERS
from sutazai_contracts.errors import UnreadableDocument
from tests.unit.librarian.documents import covered


@pytest.mark.requirement("E1", part="parse text, Markdown, HTML")
@pytest.mark.parametrize(
    ("data", "name", "kind", "text"),
    [
        (b"<!doctype html><p>seen<script>no</script>", "a.txt", "text/html", "seen"),
        (b"# Title\r\n\r\ntext\r\n", "a.md", "text/markdown", "# Title\n\ntext\n"),
        ("\ufeffGrüße\r".encode(), "a", "text/plain", "Grüße\n"),
        (b"name: x\n\nlist:\n- 1\n", "a.yaml", "text/plain", "name: x\n\nlist:\n- 1\n"),
        (b"[part]\nkey = 1\n", "a.toml", "text/plain", "[part]\nkey = 1\n"),
        ("Title\n=====\n\nGrüße".encode("utf-16"), "a.rst", "text/plain", "Title\n=====\n\nGrüße"),
    ],
)
def test_parse(data: bytes, name: str, kind: str, text: str) -> None:
    parsed = covered(parse(data, name))
    assert (parsed.media_type, parsed.text) == (kind, text)


@pytest.mark.parametrize("data", [b"<html><script>x</script></html>", b"<!doctype html>", b"\n"])
def test_a_document_that_shows_no_text_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableDocument):
        parse(data, "a.html")


def test_five_megabytes_in_one_line() -> None:
    for name in ("a.txt", "a.md"):
        assert len(parse(b"word " * 1_000_000, name).blocks) == 1


def test_what_can_not_be_kept_is_replaced_in_place() -> None:
    parsed = covered(parse(b'{"a": "x\\ud800y", "b": "z\\u0000"}', "a.json"))
    assert parsed.text == "a: x\ufffdy\nb: z\ufffd"
    code = parse("class A\ud83d:\n    pass\n".encode("utf-8", "surrogatepass") * 40, "a.rb")
    assert "\ud83d" not in code.text


@pytest.mark.untraced
def test_small_blocks_are_joined_where_there_are_too_many() -> None:
    parsed = covered(parse(b"short\n\n" * (MOST_BLOCKS + 1), "a.txt"))
    assert len(parsed.blocks) < MOST_BLOCKS / 100
    assert max(block.end - block.start for block in parsed.blocks) <= 2000


@pytest.mark.untraced
def test_too_many_headings_are_refused() -> None:
    with pytest.raises(UnreadableDocument, match="more than 100000 headings"):
        parse(b"abc\n===\n" * (MOST_BLOCKS + 1), "a.rst")


def test_too_much_text_is_refused() -> None:
    with pytest.raises(UnreadableDocument, match="more than 20 million characters"):
        parse(b"x" * (MOST_CHARACTERS + 1), "a.txt")
    with pytest.raises(UnreadableDocument, match="more than 20 million characters"):
        parse((",".join("name" * 20 + str(n) for n in range(300)) + "\n").encode() * 900, "a.csv")
