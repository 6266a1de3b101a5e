"""A corpus of documents that try to break the reader: each is read or refused in words.

The children have less memory and time than in earnest, so that what would take all of it is quick.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sutazai_agents.documents.limits import Limits
from sutazai_agents.documents.parsed import Parsed
from sutazai_agents.documents.reading import Reader
from sutazai_contracts.errors import UnreadableDocument
from tests.unit.librarian.documents import covered
from tests.unit.librarian.nasty import CORPUS

pytestmark = pytest.mark.e2e

MIB = 1024 * 1024
LIMITS = Limits(memory=256 * MIB, cpu_s=5, wall_s=40)
KEPT = re.compile("[\x00\ud800-\udfff]")


ROOT = Path(__file__).parents[3]
BOMBS = """
import asyncio
from sutazai_agents.documents.limits import Limits
from sutazai_agents.documents.reading import Reader
from sutazai_contracts.errors import UnreadableDocument
from tests.unit.librarian import pdfs

async def main():
    async def on_page(done, total): pass
    reader = Reader(Limits(memory=256 * 1024 * 1024, cpu_s=5, wall_s=40))
    for data in (pdfs.stream_bomb(200), pdfs.nested_forms(26)):
        try:
            await reader.read(data, "a.pdf", on_page)
        except UnreadableDocument as error:
            assert "takes more than 256 MiB of memory" in error.message, error.message
    print(reader.peak)

asyncio.run(main())
"""


async def unheard(done: int, total: int) -> None:
    """Tell nobody of pages."""


@pytest.fixture(scope="module")
def readers() -> Iterator[Reader]:
    reader = Reader(LIMITS)
    yield reader
    reader.close()


def test_the_corpus_is_large() -> None:
    assert len(CORPUS) >= 40


@pytest.mark.parametrize("name", CORPUS)
async def test_each_is_read_or_refused_in_words(readers: Reader, name: str) -> None:
    make, called, refused = CORPUS[name]
    try:
        parsed = await readers.read(make(), called, unheard)
    except UnreadableDocument as error:
        words = error.message
    else:
        words = ""
        check(parsed)
    if refused is None:
        assert not words
    else:
        assert re.search(refused, words)
        assert len(words) < 300


def check(parsed: Parsed) -> None:
    """Check what holds of all that was read."""
    covered(parsed)
    assert parsed.text.encode().decode() == parsed.text
    for words in (parsed.text, parsed.title or "", *parsed.warnings):
        assert not KEPT.search(words)
    for block in parsed.blocks:
        assert all(0 < len(part) <= 200 for part in block.heading_path)


def test_no_child_had_more_memory_than_the_limit(readers: Reader) -> None:
    """Runs last, over all of them."""
    readers.close()
    assert readers.peak <= LIMITS.memory


def test_bombs_do_not_fill_the_memory() -> None:
    """From a process that has little memory itself, so that the kernel tells the children's."""
    done = subprocess.run(
        [sys.executable, "-c", BOMBS], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert LIMITS.memory // 2 < int(done.stdout) <= LIMITS.memory
