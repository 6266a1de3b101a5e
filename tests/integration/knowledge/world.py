"""Knowledge with everything real below it but the embedding model, and a librarian in few lines."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sutazai.adapters.graph.sql import SqlGraph
from sutazai.core.knowledge.chunk_lines import read_chunks
from sutazai.core.knowledge.service import Knowledge
from sutazai.core.knowledge.sweeper import Sweeper
from sutazai.core.runs.feed import EventFeed
from sutazai.core.runs.service import Runs
from sutazai.core.tasks.service import Tasks
from sutazai.records.knowledge import SqlKnowledge
from sutazai.records.ledger import SqlLedger
from sutazai.records.leftovers import SqlLeftovers
from sutazai.records.runs import SqlRuns
from sutazai_agents.documents.parsed import Parsed
from sutazai_agents.facts.extract import with_facts
from sutazai_contracts.identifiers import new_id
from sutazai_contracts.knowledge import Chunk, DocumentSource, IndexedDocument, chunk_id
from sutazai_contracts.tasks import Claim, Outcome, Refused, Result, Succeeded
from sutazai_contracts.workflows import Step, Workflow
from sutazai_kit.files.port import Files
from sutazai_kit.vectors.port import Point, Vectors
from tests.integration.knowledge.bag_of_words import BagOfWords
from tests.support.database import TestDatabase

INDEX = Workflow(
    name="index",
    description="Make a document version searchable.",
    public=False,
    steps=(
        Step(
            id="index",
            agent="librarian",
            collection="write",
            publishes="document",
            input={"document": "$run.input.document"},
        ),
    ),
    result="$steps.index",
)
ASK = Workflow(
    name="ask",
    description="A run on a collection that indexes nothing.",
    steps=(Step(id="ask", agent="researcher", collection="read"),),
    result="$steps.ask",
)


async def stream(data: bytes) -> AsyncIterator[bytes]:
    """Give bytes as an upload comes in."""
    for start in range(0, len(data), 1000):
        yield data[start : start + 1000]


@dataclass
class World:
    """The services over one fresh database, with a tenant that has a collection `default`."""

    database: TestDatabase
    tenant: UUID
    files: Files
    vectors: Vectors
    embeddings: BagOfWords = field(default_factory=BagOfWords)
    reads_facts: bool = False

    def __post_init__(self) -> None:
        records = SqlRuns(self.database.open)
        self.runs = Runs(
            records=records,
            feed=EventFeed(records),
            workflows={workflow.name: workflow for workflow in (INDEX, ASK)},
            agents=lambda: frozenset({"librarian", "researcher"}),
        )
        reader = read_chunks(self.files)
        self.tasks = Tasks(SqlLedger(self.database.open), reader, lease_s=30.0)
        self.sweeper = Sweeper(SqlLeftovers(self.database.open), self.vectors, self.files)
        self.knowledge = Knowledge(
            records=SqlKnowledge(self.database.open),
            files=self.files,
            vectors=self.vectors,
            embeddings=self.embeddings,
            runs=self.runs,
            cancel_run=self.runs.cancel,
            graph=SqlGraph(self.database.open),
            on_leftovers=self.sweeper.nudge,
        )

    async def upload(self, name: str, text: str, collection: str = "default") -> UUID:
        """Upload a text and give its document's id."""
        data = stream(text.encode())
        return (await self.knowledge.upload(self.tenant, collection, name, data)).document.id

    async def add(self, name: str, text: str, collection: str = "default") -> UUID:
        """Upload a text, index it, and give its document's id."""
        document = await self.upload(name, text, collection)
        await self.index_all()
        return document

    async def claim(self, slots: int = 50) -> Sequence[Claim]:
        """Claim what there is to index."""
        return (await self.tasks.claim("librarian", "w1", slots)).claims

    async def index_all(self) -> int:
        """Index all that waits, and give how many versions that were."""
        claims = await self.claim()
        for claim in claims:
            assert await self.end(claim, Succeeded(output=await self.index(claim))) == 1
        return len(claims)

    async def index(self, claim: Claim) -> dict[str, object]:
        """Index what a claim is about, a chunk for each line, as the librarian does."""
        assert claim.grant is not None
        source = DocumentSource.model_validate(claim.input["document"])
        text = (await self.files.read(self.tenant, source.sha256)).decode()
        chunks = chunks_of(source.version, text)
        if self.reads_facts:
            chunks = with_facts(chunks, Parsed(text, "text/plain", None, ()), source.name)
        vectors = await self.embeddings.embed([chunk.text for chunk in chunks])
        points = [
            Point(chunk.id, chunk.version, vector, chunk.text)
            for chunk, vector in zip(chunks, vectors, strict=True)
        ]
        await self.vectors.upsert(claim.grant.physical, points)
        lines = "".join(chunk.model_dump_json() + "\n" for chunk in chunks)
        indexed = IndexedDocument(
            document=source.document,
            version=source.version,
            media_type="text/plain",
            title=f"About {source.name}",
            text_sha256=(await self.files.put(self.tenant, stream(text.encode()))).sha256,
            characters=len(text),
            chunks_sha256=(await self.files.put(self.tenant, stream(lines.encode()))).sha256,
            chunks=len(chunks),
        )
        return indexed.model_dump(mode="json")

    async def end(self, claim: Claim, result: Result) -> int:
        """Apply what became of a claim."""
        outcome = Outcome(
            id=new_id(), task=claim.task, run=claim.run, token=claim.token, result=result
        )
        return await self.tasks.apply([outcome])

    async def fail_all(self, reason: str = "it can't be read") -> int:
        """Write the points of all that waits, then refuse it: a run that failed half-way."""
        claims = await self.claim()
        for claim in claims:
            await self.index(claim)
            await self.end(claim, Refused(reason=reason))
        return len(claims)

    async def sweep(self) -> int:
        """Sweep at once what else waits until workers have let go."""
        # In a thread: a transaction of this very loop may hold the rows.
        statement = "UPDATE leftovers SET not_before = now() RETURNING id"
        await asyncio.to_thread(self.database.query, statement)
        return await self.sweeper.sweep_once()

    async def found(self, query: str, collection: str = "default") -> list[tuple[str, str]]:
        """Search, and give the names of documents with the texts of chunks."""
        hits = await self.knowledge.search(self.tenant, query, collection, 100)
        return [(hit.document.name, hit.text) for hit in hits]

    async def check_agreement(self, collection: str = "default") -> int:
        """See that points = chunks = lines in a collection; gives how many there are."""
        physical = (await self.knowledge.collection(self.tenant, collection)).physical
        chunks = {
            row[0]
            for row in self.database.query(
                "SELECT k.id FROM chunks k JOIN document_versions v ON v.id = k.version_id"
                " JOIN collections c ON c.id = v.collection_id WHERE c.physical = %s",
                physical,
            )
        }
        lines: list[UUID] = []
        for (address,) in self.database.query(
            "SELECT v.chunks_sha256 FROM document_versions v JOIN collections c"
            " ON c.id = v.collection_id WHERE c.physical = %s AND v.state = 'indexed'",
            physical,
        ):
            data = await self.files.read(self.tenant, str(address))
            lines += [UUID(json.loads(line)["id"]) for line in data.splitlines()]
        assert await self.vectors.ids(physical) == chunks == set(lines)
        assert len(lines) == len(chunks)
        return len(lines)


def chunks_of(version: UUID, text: str) -> list[Chunk]:
    """Make a chunk of each line of a text, under a heading by its number."""
    chunks: list[Chunk] = []
    start = 0
    for number, line in enumerate(text.splitlines(keepends=True)):
        chunks.append(
            Chunk(
                id=chunk_id(version, number),
                version=version,
                number=number,
                start=start,
                end=start + len(line.rstrip("\n")),
                heading_path=("Lines", f"Line {number}"),
                text=line.rstrip("\n"),
            )
        )
        start += len(line)
    return chunks
