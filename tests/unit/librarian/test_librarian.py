"""The librarian through real parts: files in a folder, Qdrant's engine, the real model."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray

from sutazai.adapters.minilm.inprocess import InProcessEmbeddings
from sutazai_agents.librarian import IndexTask, librarian
from sutazai_agents.librarian.chunking import embedding_text
from sutazai_contracts.errors import EmbedderUnavailable
from sutazai_contracts.knowledge import (
    Chunk,
    CollectionGrant,
    DocumentSource,
    EmbeddingModel,
    IndexedDocument,
    chunk_id,
)
from sutazai_contracts.tasks import Refused, RetryLater
from sutazai_kit import AgentPorts
from sutazai_kit.files.local import LocalFiles
from sutazai_kit.testing import AgentTestResult, run_agent
from sutazai_kit.vectors.edge import EdgeVectors, open_edge_vectors
from sutazai_kit.vectors.port import Point, Query
from tests.unit.librarian import pdfs

GUIDE = (
    "# Harbour guide\n\nShips tie up at the *north quay*.\n\n## Opening hours\n\n"
    "The harbour office opens at seven.\n\n## Fees\n\nA berth costs nine euros a night.\n"
)


class Library:
    """A tenant's collection and the parts the librarian uses."""

    def __init__(self, root: Path, vectors: EdgeVectors, embeddings: InProcessEmbeddings) -> None:
        self.files = LocalFiles(root / "files")
        self.vectors = vectors
        self.embeddings = embeddings
        self.tenant = uuid4()
        self.grant = CollectionGrant(
            collection=uuid4(), physical=uuid4(), access="write", model=embeddings.model
        )
        self.ports = AgentPorts(files=self.files, vectors=vectors, embeddings=embeddings)

    async def bring(self, data: bytes, name: str) -> DocumentSource:
        async def parts() -> AsyncIterator[bytes]:
            yield data

        stored = await self.files.put(self.tenant, parts())
        return DocumentSource(
            document=uuid4(),
            version=uuid4(),
            number=1,
            name=name,
            sha256=stored.sha256,
            size=stored.size,
        )

    async def index(
        self,
        source: DocumentSource,
        *,
        attempt: int = 1,
        grant: CollectionGrant | None = None,
        ports: AgentPorts | None = None,
    ) -> AgentTestResult:
        done = await run_agent(
            librarian,
            IndexTask(document=source),
            ports=ports or self.ports,
            grant=grant or self.grant,
            tenant=self.tenant,
            attempt=attempt,
        )
        return replace(done, output=done.output and done.output.root)

    async def chunks(self, indexed: IndexedDocument) -> list[Chunk]:
        lines = (await self.files.read(self.tenant, indexed.chunks_sha256)).decode().splitlines()
        return [Chunk.model_validate_json(line) for line in lines]

    async def ids(self) -> set[UUID]:
        return await self.vectors.ids(self.grant.physical)


@pytest.fixture
async def library(tmp_path: Path, minilm: InProcessEmbeddings) -> AsyncIterator[Library]:
    async with open_edge_vectors(tmp_path / "vectors") as vectors:
        library = Library(tmp_path, vectors, minilm)
        await vectors.create(library.grant.physical, minilm.model.dimension)
        yield library


@pytest.mark.requirement("E2", part="chunk, JSONL, embed, index")
async def test_a_document_becomes_chunks_that_are_found(library: Library) -> None:
    source = await library.bring(GUIDE.encode(), "guide.md")
    done = await library.index(source)
    indexed: IndexedDocument = done.output

    text = (await library.files.read(library.tenant, indexed.text_sha256)).decode()
    chunks = await library.chunks(indexed)
    assert text == GUIDE
    assert (indexed.characters, indexed.chunks) == (len(GUIDE), len(chunks)) == (len(GUIDE), 3)
    assert (indexed.document, indexed.version) == (source.document, source.version)
    assert (indexed.media_type, indexed.title) == ("text/markdown", "Harbour guide")
    assert [chunk.id for chunk in chunks] == [chunk_id(source.version, n) for n in range(3)]
    assert all(text[chunk.start : chunk.end] == chunk.text for chunk in chunks)
    assert [[mention.key for mention in chunk.facts.mentions] for chunk in chunks] == [
        ["guide.md", "guide.md > harbour guide"],
        ["guide.md", "guide.md > harbour guide", "guide.md > harbour guide > opening hours"],
        ["guide.md", "guide.md > harbour guide", "guide.md > harbour guide > fees"],
    ]

    (vector,) = await library.embeddings.embed(["When does the office open?"], interactive=True)
    question = Query(vector=vector, text="When does the office open?", limit=3)
    best, *_ = await library.vectors.search(library.grant.physical, question)
    assert (best.id, best.version, best.text) == (chunks[1].id, source.version, chunks[1].text)
    assert best.payload == {
        "document": str(source.document),
        "name": "guide.md",
        "number": 1,
        "start": chunks[1].start,
        "end": chunks[1].end,
        "heading_path": ["Harbour guide", "Opening hours"],
    }


async def test_a_passage_of_a_pdf_says_its_page(library: Library) -> None:
    data = pdfs.pages(
        ["Ships tie up at the north quay."], ["The office opens at seven."], [], title="Harbour"
    )
    done = await library.index(await library.bring(data, "guide"))
    indexed: IndexedDocument = done.output
    text = (await library.files.read(library.tenant, indexed.text_sha256)).decode()
    chunks = await library.chunks(indexed)
    assert (indexed.media_type, indexed.title) == ("application/pdf", "Harbour")
    assert [chunk.heading_path for chunk in chunks] == [("Page 1",), ("Page 2",)]
    assert all(text[chunk.start : chunk.end] == chunk.text for chunk in chunks)
    assert "guide: 1 of 3 pages show no text (page 3)." in [each.message for each in done.progress]

    (vector,) = await library.embeddings.embed(["When does the office open?"], interactive=True)
    question = Query(vector=vector, text="When does the office open?", limit=1)
    [best] = await library.vectors.search(library.grant.physical, question)
    assert best.payload["heading_path"] == ["Page 2"]


async def test_an_attempt_that_is_cancelled_leaves_no_parser_behind(library: Library) -> None:
    def parsers() -> dict[psutil.Process, float]:
        """Give each parser that runs, and the seconds that it computed."""
        found: dict[psutil.Process, float] = {}
        for child in psutil.Process().children():
            with suppress(psutil.NoSuchProcess):
                if "sutazai_agents.documents" in child.cmdline():
                    found[child] = child.cpu_times().user
        return found

    before = parsers()
    source = await library.bring(b"<html>" + b"<p>x" * 1_000_000, "slow.html")
    indexing = asyncio.create_task(library.index(source))
    async with asyncio.timeout(20):
        while not any(seconds > 0.3 for seconds in parsers().values()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    indexing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await indexing
    async with asyncio.timeout(5):
        while [child for child in parsers() if child not in before]:  # noqa: ASYNC110 - a process
            await asyncio.sleep(0.01)
    assert await library.ids() == set()


async def test_points_are_the_lines_of_the_jsonl_and_the_work_is_counted(library: Library) -> None:
    paragraph = "Every ship that ties up is noted with its name, its flag and its crew. " * 3
    source = await library.bring(f"# Log\n\n{(paragraph + chr(10) * 2) * 150}".encode(), "log.md")
    done = await library.index(source)
    chunks = await library.chunks(done.output)
    assert len(chunks) > 32
    assert await library.ids() == {chunk.id for chunk in chunks}
    assert await library.vectors.count(library.grant.physical, source.version) == len(chunks)

    texts = [embedding_text(chunk) for chunk in chunks]
    counts = await library.embeddings.count_tokens(texts)
    assert done.usage == {"chunks": len(chunks), "tokens_embedded": sum(counts)}
    steps = [(each.done, each.total) for each in done.progress if each.done is not None]
    assert steps == [(min(n, len(chunks)), len(chunks)) for n in range(32, len(chunks) + 32, 32)]


class FailsAfter:
    """The real model, which does not answer any more after some batches."""

    def __init__(self, embeddings: InProcessEmbeddings, batches: int) -> None:
        self._embeddings = embeddings
        self._batches = batches
        self.model: EmbeddingModel = embeddings.model

    async def embed(
        self, texts: Sequence[str], *, interactive: bool = False
    ) -> NDArray[np.float32]:
        if not self._batches:
            raise EmbedderUnavailable
        self._batches -= 1
        return await self._embeddings.embed(texts, interactive=interactive)

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return await self._embeddings.count_tokens(texts)

    async def aclose(self) -> None:
        """The model is the session's."""


async def test_an_attempt_after_one_that_broke_off_ends_the_same(library: Library) -> None:
    sections = "".join(f"# Part {n}\n\nWords about part {n}.\n\n" for n in range(40))
    source = await library.bring(sections.encode(), "parts.md")
    failing = FailsAfter(library.embeddings, batches=1)
    ports = AgentPorts(files=library.files, vectors=library.vectors, embeddings=failing)
    broken = await library.index(source, ports=ports)
    assert isinstance(broken.result, RetryLater)
    assert len(await library.ids()) == 32

    # What an earlier release may have left: a chunk with a number this one does not reach.
    stray = Point(
        id=chunk_id(source.version, 99),
        version=source.version,
        vector=np.eye(1, library.embeddings.model.dimension, dtype=np.float32)[0],
        text="stray",
    )
    await library.vectors.upsert(library.grant.physical, [stray])
    second = await library.index(source, attempt=2)
    points = await library.ids()
    assert points == {chunk_id(source.version, number) for number in range(40)}
    third = await library.index(source)
    assert third.output == second.output
    assert await library.ids() == points


async def test_other_documents_are_left_alone(library: Library) -> None:
    first = await library.index(await library.bring(GUIDE.encode(), "guide.md"))
    second = await library.bring(b"Another text.", "other.txt")
    await library.index(second, attempt=2)
    expected = {chunk.id for chunk in await library.chunks(first.output)}
    assert await library.ids() == expected | {chunk_id(second.version, 0)}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"%PDF-1.7 \x00", "notes.txt can't be read. The PDF is broken or cut off"),
        (b"PK\x05\x06" + bytes(18), "notes.txt can't be read. This looks like a zip archive"),
        (b" \n ", "notes.txt can't be read. The document is empty"),
        (b"<html><script>only()</script></html>", "notes.txt can't be read. The document shows no"),
    ],
)
async def test_what_can_not_be_read_is_refused_in_words(
    library: Library, data: bytes, reason: str
) -> None:
    refused = (await library.index(await library.bring(data, "notes.txt"))).result
    assert isinstance(refused, Refused)
    assert refused.reason.startswith(reason)
    assert await library.ids() == set()


async def test_bytes_that_are_gone_are_refused(library: Library) -> None:
    source = await library.bring(b"text", "notes.txt")
    await library.files.delete(library.tenant, source.sha256)
    refused = (await library.index(source)).result
    assert isinstance(refused, Refused)
    assert "not in the file store" in refused.reason


async def test_a_collection_of_another_model_is_refused(library: Library) -> None:
    other = library.grant.model.model_copy(update={"revision": "another"})
    grant = library.grant.model_copy(update={"model": other})
    refused = (await library.index(await library.bring(b"text", "a.txt"), grant=grant)).result
    assert isinstance(refused, Refused)
    assert "sutazai index rebuild" in refused.reason
    assert await library.ids() == set()


async def test_a_grant_to_read_is_none_to_write(library: Library) -> None:
    grant = library.grant.model_copy(update={"access": "read"})
    refused = (await library.index(await library.bring(b"text", "a.txt"), grant=grant)).result
    assert isinstance(refused, Refused)
    assert "may not write" in refused.reason


async def test_a_collection_that_is_gone_is_looked_for_again(library: Library) -> None:
    # Where it was rebuilt, core grants the new place; where it was deleted, the run is cancelled.
    source = await library.bring(b"text", "a.txt")
    await library.vectors.drop(library.grant.physical)
    again = (await library.index(source)).result
    assert isinstance(again, RetryLater)
    assert "rebuilt or deleted" in again.reason


async def test_a_task_that_names_nothing_is_refused(library: Library) -> None:
    refused = (await run_agent(librarian, {}, ports=library.ports, grant=library.grant)).result
    assert isinstance(refused, Refused)
    assert "neither a document" in refused.reason


def test_the_card_says_what_it_takes() -> None:
    assert librarian.card.capabilities == ("index",)
    assert "document" in librarian.card.input_schema["properties"]
    taken = {"IndexedDocument", "RebuiltCollection"}
    assert taken <= librarian.card.output_schema["$defs"].keys()
