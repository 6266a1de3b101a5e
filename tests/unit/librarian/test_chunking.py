"""Chunks: exact spans, whole coverage, never longer than the model takes, cut at good seams."""

import json
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from sutazai_agents.documents.parse import parse
from sutazai_agents.documents.parsed import Parsed
from sutazai_agents.librarian.chunking import chunk_document, embedding_text
from sutazai_contracts.errors import InvalidInput
from sutazai_contracts.knowledge import Chunk, chunk_id
from tests.unit.librarian import offices, pdfs
from tests.unit.librarian.conftest import FourCharacters, Growing, TokenCounter, WordPieces

VERSION = UUID("0198d1a0-0000-7000-8000-000000000001")
PROSE = (
    "The ledger keeps every task. It hands them out under a lease, and an agent renews it while it "
    "works. Whoever holds no current token is not heard. "
)


async def chunks_of(source: str, counter: TokenCounter, name: str = "x.md") -> list[Chunk]:
    """Chunk a document and check all that always holds."""
    parsed = parse(source.encode(), name)
    chunks = await chunk_document(parsed, VERSION, counter)
    check(parsed, chunks, counter)
    return chunks


def check(parsed: Parsed, chunks: list[Chunk], counter: TokenCounter) -> None:
    text, end = parsed.text, 0
    for number, chunk in enumerate(chunks):
        assert (chunk.number, chunk.id) == (number, chunk_id(VERSION, number))
        assert text[chunk.start : chunk.end] == chunk.text
        assert chunk.text.strip()
        assert end <= chunk.start < chunk.end
        assert not text[end : chunk.start].strip()
        end = chunk.end
    assert not text[end:].strip()
    counts = counter.counts([embedding_text(chunk) for chunk in chunks])
    assert max(counts) + 2 <= counter.model.max_tokens
    for block in parsed.blocks:
        holders = [each for each in chunks if each.start < block.end and block.start < each.end]
        if block.kind != "heading":
            assert {each.heading_path for each in holders} == {block.heading_path}


SIGNS = "ab Word. \n\n\n# ## - | ` ``` > 1. \t世。界한글 👩‍👩‍👧 e\u0301 \u200b \u00a0 ไทย"
DOCUMENTS = st.lists(
    st.one_of(
        st.sampled_from(["# One\n\n", "## Two\n\n", "### Three\n\n", "- item\n", "| a | b |\n"]),
        st.sampled_from(["```\ncode = 1\n```\n\n", PROSE + "\n\n", "\n\n", "x" * 300, "漢" * 300]),
        st.text(alphabet=st.sampled_from(SIGNS), max_size=60),
        st.builds(lambda piece, times: piece * times, st.sampled_from(SIGNS), st.integers(1, 900)),
    ),
    min_size=1,
    max_size=12,
).map(lambda parts: "start" + "".join(parts))
LENIENT = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@LENIENT
@given(source=DOCUMENTS, name=st.sampled_from(["x.md", "x.txt"]))
async def test_always_by_the_real_tokenizer(
    word_pieces: WordPieces, source: str, name: str
) -> None:
    await chunks_of(source, word_pieces, name)


@LENIENT
@given(source=DOCUMENTS, counter=st.sampled_from([FourCharacters(), Growing()]))
async def test_always_by_other_counts(source: str, counter: TokenCounter) -> None:
    await chunks_of(source, counter)


KINDS = {
    "a.pdf": pdfs.pages(*[[PROSE.strip()] * 9] * 4, outline=[("One", 0), ("Two", 2)]),
    "a.docx": offices.docx(
        offices.p("Guide", "H1")
        + offices.p(PROSE * 30)
        + offices.item(PROSE, 2) * 6
        + f"<w:tbl><w:tr><w:tc>{offices.p(PROSE)}</w:tc></w:tr></w:tbl>"
    ),
    "a.csv": b"name,words\n" + f"Ann,{PROSE.replace(',', '')}\n".encode() * 40,
    "a.json": json.dumps({"notes": [{"n": n, "words": PROSE * n} for n in range(12)]}).encode(),
    "a.py": b"import os\n\nclass A:\n    x = 1\n"
    + b"".join(b"\n    def m%d(self):\n        return self.x + %d\n" % (n, n) for n in range(60)),
    "a.go": b"package a\n\nfunc f() {\n" + b'\tprint("some words")\n' * 90 + b"}\n",
    "a.html": b"<html><h1>A</h1>" + f"<nav>no</nav><p>{PROSE * 5}".encode() * 6,
}


@pytest.mark.parametrize("name", KINDS)
async def test_chunks_of_every_kind_of_document(word_pieces: WordPieces, name: str) -> None:
    parsed = parse(KINDS[name], name)
    chunks = await chunk_document(parsed, VERSION, word_pieces)
    assert len(chunks) > 3
    check(parsed, chunks, word_pieces)


async def test_a_chunk_says_on_which_page_it_stands(word_pieces: WordPieces) -> None:
    parsed = parse(KINDS["a.pdf"], "a.pdf")
    found = [chunk.heading_path for chunk in await chunk_document(parsed, VERSION, word_pieces)]
    assert set(found) == {
        ("One", "Page 1"),
        ("One", "Page 2"),
        ("Two", "Page 3"),
        ("Two", "Page 4"),
    }
    assert found == sorted(found)


async def test_a_short_document_is_one_chunk(word_pieces: WordPieces) -> None:
    (chunk,) = await chunks_of("# Guide\n\n" + PROSE, word_pieces)
    assert chunk.heading_path == ("Guide",)
    assert embedding_text(chunk) == f"Guide\n{chunk.text}"
    assert chunk.text.startswith("# Guide")


async def test_no_chunk_crosses_a_heading(word_pieces: WordPieces) -> None:
    chunks = await chunks_of("intro\n\n# A\n\nof a\n\n## B\n\nof b\n\n# C\n\nof c\n", word_pieces)
    assert [(chunk.heading_path, chunk.text) for chunk in chunks] == [
        ((), "intro"),
        (("A",), "# A\n\nof a"),
        (("A", "B"), "## B\n\nof b"),
        (("C",), "# C\n\nof c"),
    ]


async def test_a_heading_without_text_goes_with_its_subsection(word_pieces: WordPieces) -> None:
    chunks = await chunks_of("# A\n\n## B\n\nof b\n\n## Empty\n\n# C\n\nof c\n", word_pieces)
    assert [(chunk.heading_path, chunk.text) for chunk in chunks] == [
        (("A", "B"), "# A\n\n## B\n\nof b"),
        (("A", "Empty"), "## Empty"),
        (("C",), "# C\n\nof c"),
    ]


async def test_prose_is_cut_between_sentences_into_chunks_of_the_size_aimed_at(
    tokenizer: Tokenizer,
) -> None:
    counter = WordPieces(tokenizer)
    chunks = await chunks_of("# Guide\n\n" + (PROSE * 3 + "\n\n") * 12, counter)
    sizes = [size + 2 for size in counter.counts([embedding_text(chunk) for chunk in chunks])]
    assert all(120 <= size <= 230 for size in sizes)
    assert all(chunk.text.endswith(".") for chunk in chunks)


async def test_small_blocks_are_put_together(word_pieces: WordPieces) -> None:
    chunks = await chunks_of("".join(f"Point {n} is short.\n\n" for n in range(70)), word_pieces)
    assert len(chunks) == 2
    assert all(chunk.text.startswith("Point") for chunk in chunks)


@pytest.mark.parametrize(
    "block",
    [
        "```python\n" + "value = compute(value)\n" * 18 + "```",
        "| name | value |\n|---|---|\n" + "| tea | two |\n" * 16,
        "".join(f"- item {number} of the list\n" for number in range(20)),
    ],
    ids=["code", "table", "list"],
)
async def test_what_fits_is_kept_whole(word_pieces: WordPieces, block: str) -> None:
    chunks = await chunks_of(f"# A\n\n{PROSE * 2}\n\n{block}\n\n{PROSE * 2}\n", word_pieces)
    assert sum(block.strip() in chunk.text for chunk in chunks) == 1


async def test_long_listings_are_cut_between_lines(word_pieces: WordPieces) -> None:
    lines = [f"    call_number_{number}(argument, other)" for number in range(120)]
    chunks = await chunks_of("```\n" + "\n".join(lines) + "\n```\n", word_pieces)
    assert len(chunks) > 5
    kept = [line for chunk in chunks for line in chunk.text.split("\n")]
    assert [line for line in kept if "```" not in line] == lines


async def test_items_of_long_lists_stay_whole(word_pieces: WordPieces) -> None:
    items = [f"- number {n}, which is told in\n  two lines of words" for n in range(60)]
    chunks = await chunks_of("\n".join(items), word_pieces)
    assert len(chunks) > 3
    assert all(chunk.text.startswith("- ") for chunk in chunks)


@pytest.mark.parametrize(
    ("source", "most"),
    [
        ("word " * 20_000, 120),
        ("x" * 100_000, 250),
        ("漢字" * 10_000, 120),
        ("한국어" * 5_000, 60),
        ("👩‍👩‍👧‍👦" * 5_000, 60),
        ("a" + "\u200b" * 50_000, 60),
        ("=" * 20_000, 160),
        ("a\n" * 20_000, 130),
        ("a\n\n" * 20_000, 130),
        (" " * 50_000 + "a" + "\n" * 50_000 + "b", 2),
    ],
    ids=[
        "words",
        "word",
        "Chinese",
        "Korean",
        "emoji",
        "invisible",
        "signs",
        "lines",
        "blocks",
        "white",
    ],
)
async def test_what_has_no_seams_is_cut_all_the_same(
    word_pieces: WordPieces, source: str, most: int
) -> None:
    chunks = await chunks_of(source, word_pieces, "x.txt")
    assert len(chunks) <= most
    assert max(len(chunk.text) for chunk in chunks) <= 2000


async def test_counts_that_grow_by_joining_are_seen() -> None:
    counter = Growing()
    chunks = await chunks_of("y" * 4_000, counter)
    assert max(counter.counts([embedding_text(chunk) for chunk in chunks])) <= 254


async def test_long_headings_are_shortened_from_the_left_to_embed(word_pieces: WordPieces) -> None:
    source = "".join(
        f"{'#' * level} Level {level} {'of many words ' * 8}\n\n" for level in range(1, 7)
    )
    (*_, chunk) = await chunks_of(source + PROSE, word_pieces)
    assert len(chunk.heading_path) == 6
    prefix, _, rest = embedding_text(chunk).partition("\n")
    assert rest == chunk.text
    assert len(prefix.encode()) <= 160
    assert prefix.startswith("Level 6")


@pytest.mark.parametrize("heading", ["漢" * 150, "many words " * 18, "x" * 199])
async def test_one_long_heading_keeps_its_end(word_pieces: WordPieces, heading: str) -> None:
    chunks = await chunks_of(f"# {heading}\n\n{PROSE * 20}", word_pieces)
    prefix = embedding_text(chunks[-1]).partition("\n")[0]
    assert 100 < len(prefix.encode()) <= 160
    assert heading.strip().endswith(prefix)


async def test_no_heading_no_prefix(word_pieces: WordPieces) -> None:
    (chunk,) = await chunks_of("only text", word_pieces)
    assert embedding_text(chunk) == "only text"


async def test_counting_is_done_in_few_calls_of_bounded_size(word_pieces: WordPieces) -> None:
    await chunks_of("# A\n\n" + (PROSE * 5 + "\n\n") * 300, word_pieces)
    assert len(word_pieces.calls) < 30
    assert max(word_pieces.calls) < 300_000


async def test_the_same_document_gives_the_same_chunks(word_pieces: WordPieces) -> None:
    source = "# A\n\n" + PROSE * 40
    assert await chunks_of(source, word_pieces) == await chunks_of(source, word_pieces)


async def test_a_model_of_few_tokens_is_refused() -> None:
    parsed = parse(b"text", "x.txt")
    with pytest.raises(InvalidInput, match="takes 128 tokens"):
        await chunk_document(parsed, uuid4(), FourCharacters(max_tokens=128))


async def test_a_model_of_many_tokens_gets_chunks_of_the_same_size(tokenizer: Tokenizer) -> None:
    chunks = await chunks_of(PROSE * 60, WordPieces(tokenizer, max_tokens=8192))
    assert len(chunks) > 5
