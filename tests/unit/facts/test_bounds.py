"""Whatever a document holds, its facts are whole, bounded, the same again, and take their time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sutazai_contracts.graph import (
    LONGEST_NAME,
    MOST_MENTIONS,
    MOST_OF_DOCUMENT,
    MOST_RELATIONS,
    ChunkFacts,
    EntityKind,
    Mention,
    Relation,
    RelationKind,
    entity_id,
)
from tests.unit.facts.reading import VERSION, facts, keys, read, said
from tests.unit.librarian.documents import NASTY_MARKDOWN
from tests.unit.librarian.test_growth import calls_of

WORDS = st.sampled_from(
    [
        *str.split(
            "Anna Berg's Berg A. IHA Oslo of the is a was [x](y.md) http://a.b/c 12 kg 1999 May "
            "3 in import os from x def f(): # ## é 你好 \u0130 ß . ? ! , \x00 “ & ' - $5 1,000 %"
        ),
        *("\n", "\n\n", " ", "    "),
    ]
)
TEXT = st.one_of(st.text(max_size=300), st.lists(WORDS, max_size=60).map(" ".join))


@given(st.lists(TEXT, min_size=1, max_size=4), st.sampled_from(["markdown", "x-python", "x-java"]))
def test_any_text_gives_whole_facts(texts: list[str], kind: str) -> None:
    chunks = read(*texts, media_type=f"text/{kind}", headings=("A", "B" * 300))
    assert read(*texts, media_type=f"text/{kind}", headings=("A", "B" * 300)) == chunks
    for chunk in chunks:
        ChunkFacts.model_validate_json(chunk.facts.model_dump_json())
        spans = [(one.start, one.end) for one in chunk.facts.mentions]
        spans += [(one.start, one.end) for one in chunk.facts.relations]
        assert all(chunk.start <= start <= end <= chunk.end for start, end in spans)
        for mention in chunk.facts.mentions:
            assert "\x00" not in mention.key + mention.name
            assert mention.key.strip()


def test_of_too_many_the_most_telling_are_kept() -> None:
    names = " ".join(f"We saw Anna{'abcdefghijklmnopqrstuvwxyz'[n]} Berg{n}a." for n in range(26))
    text = f"{names} See [fees](fees.md). Oslo is a city."
    found = facts(text)
    assert len(found.mentions) == MOST_MENTIONS
    assert {("guide.md", "links_to", "fees.md"), ("oslo", "is_a", "city")} <= said(found)
    many = ", ".join(f"Name{a}{b}" for a in "abcdefgh" for b in "abcdefgh")
    assert len(facts(f"We saw {many}. They met {many.swapcase()}.").relations) <= MOST_RELATIONS


@pytest.mark.parametrize("name", ["Plan:", "a/", ":", "\u0301", "docs:\u0301"])
def test_a_document_with_an_odd_name_has_facts(name: str) -> None:
    (document,) = (one for one in facts("We met.", name=name).mentions if one.kind == "document")
    assert document.key


def test_a_long_program_is_read_by_its_lines() -> None:
    text = "import os\n\ndef open_it():\n    os.open()\n"
    assert ("guide.md", "defines", "open_it") in said(facts(text, media_type="text/x-python"))
    long = text + "# comment\n" * 7_000
    assert ("guide.md", "defines", "open_it") not in said(facts(long, media_type="text/x-python"))


@pytest.mark.untraced
def test_of_a_long_document_each_chunk_has_its_share() -> None:
    text = " ".join(f"We saw Anna{a} Berg{a}e in Town{a}." for a in "abcdefgh")
    chunks = read(*[text] * 4_000)
    assert len(facts(text).mentions) > MOST_OF_DOCUMENT // len(chunks)
    for kind in ("mentions", "relations"):
        found = [len(getattr(chunk.facts, kind)) for chunk in chunks]
        assert min(found) >= 1
        assert sum(found) <= MOST_OF_DOCUMENT


def test_names_are_no_longer_than_they_may_be() -> None:
    long = "We saw Anna" + "n" * 500 + " here. See [it](" + "x" * 400 + ".md)."
    assert all(len(mention.key) <= LONGEST_NAME for mention in facts(long).mentions)
    assert len(keys(facts(long))) == 1


MENTION = Mention(kind=EntityKind.NAME, key="a", name="A", start=0, end=1)
OTHER = MENTION.model_copy(update={"key": "b"})
JOINED = Relation(subject=0, kind=RelationKind.TOGETHER, object=1, start=0, end=1)


@pytest.mark.parametrize(
    ("mentions", "relation", "message"),
    [
        ((MENTION, MENTION), JOINED, "mentioned twice"),
        ((MENTION,), JOINED, "not there"),
        ((MENTION, OTHER), JOINED.model_copy(update={"object": 0}), "with itself"),
    ],
)
def test_facts_that_do_not_fit_are_refused(
    mentions: tuple[Mention, ...], relation: Relation, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        ChunkFacts(mentions=mentions, relations=(relation,))


def test_an_entity_of_a_collection_has_one_name_for_ever() -> None:
    one = entity_id(VERSION, EntityKind.NAME, "anna berg")
    assert one.version == 5
    assert one == entity_id(VERSION, EntityKind.NAME, "anna berg")
    assert one != entity_id(VERSION, EntityKind.TERM, "anna berg")
    assert one != entity_id(one, EntityKind.NAME, "anna berg")


NASTY = {
    **NASTY_MARKDOWN,
    "names": "Anna Berg ",
    "definitions": "a b is a c. ",
    "small words": "A of the of the ",
    "dates": "3 May 1999 ",
    "digits": "1 000",
    "links": "](a",
    "quotes": "'s",
    "initials": "A. ",
}


@pytest.mark.untraced
@pytest.mark.parametrize("pattern", NASTY.values(), ids=NASTY)
@pytest.mark.parametrize("kind", ["markdown", "x-java"])
def test_facts_take_calls_by_the_length_of_the_text(pattern: str, kind: str) -> None:
    def calls(length: int) -> int:
        text = pattern * (length // len(pattern))
        return calls_of(lambda: facts(text, media_type=f"text/{kind}"))

    assert calls(12_000) <= 5 * calls(3_000) + 1000
