"""Ask the labelled questions through the real parts: librarian, engine, embedder, all agents."""

import tomllib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
from numpy.typing import NDArray

from sutazai_agents.librarian import IndexTask, librarian
from sutazai_agents.researcher import researcher
from sutazai_agents.reviewer import reviewer
from sutazai_agents.writer import writer
from sutazai_contracts.conversations import Exchange
from sutazai_contracts.knowledge import (
    Answer,
    CollectionGrant,
    DocumentSource,
    EmbeddingModel,
    Frozen,
    IndexedDocument,
    Passages,
)
from sutazai_kit import AgentPorts
from sutazai_kit.embeddings.port import Embeddings
from sutazai_kit.files.local import LocalFiles
from sutazai_kit.testing import run_agent
from sutazai_kit.vectors.edge import open_edge_vectors

HERE = Path(__file__).parent


class Question(Frozen):
    """A question; `document` and `phrase` say where its answer stands, if anywhere."""

    question: str
    document: str | None = None
    phrase: str = ""
    held: bool = False
    near: bool = False


@dataclass(frozen=True)
class Asked:
    """What became of a question, and the stored text of every document by its id."""

    question: Question
    found: Passages
    written: Answer
    answer: Answer
    texts: dict[UUID, str]

    @property
    def is_found(self) -> bool:
        """Tell whether a passage holds the phrase."""
        return self.rank is not None

    @property
    def rank(self) -> int | None:
        """Tell which passage holds the phrase, from 1."""
        for rank, passage in enumerate(self.found.passages, 1):
            if passage.document.name == self.question.document and self._says_it(passage.text):
                return rank
        return None

    @property
    def is_cited(self) -> bool:
        """Tell whether a citation holds the phrase."""
        return any(
            citation.document.name == self.question.document and self._says_it(citation.quote)
            for citation in self.answer.citations
        )

    def _says_it(self, text: str) -> bool:
        return " ".join(self.question.phrase.split()) in " ".join(text.split())


class Remembering:
    """Real vectors; a text that was embedded before is not embedded again."""

    def __init__(self, embeddings: Embeddings) -> None:
        self._embeddings = embeddings
        self._known: dict[str, NDArray[np.float32]] = {}

    @property
    def model(self) -> EmbeddingModel:
        return self._embeddings.model

    async def embed(
        self, texts: Sequence[str], *, interactive: bool = False
    ) -> NDArray[np.float32]:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            vectors = await self._embeddings.embed(new, interactive=interactive)
            self._known.update(zip(new, vectors, strict=True))
        return np.stack([self._known[text] for text in texts])

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return await self._embeddings.count_tokens(texts)

    async def aclose(self) -> None:
        """The embedder is not ours."""


def questions() -> list[Question]:
    """Read the labelled questions."""
    labelled = tomllib.loads((HERE / "questions.toml").read_text("utf-8"))
    return [
        Question.model_validate(each)
        for kind in ("answerable", "unanswerable")
        for each in labelled[kind]
    ]


@dataclass(frozen=True)
class Corpus:
    """The documents, indexed; `texts` is the stored text of each by its id."""

    ports: AgentPorts
    grant: CollectionGrant
    texts: dict[UUID, str]


@asynccontextmanager
async def indexed_corpus(root: Path, embeddings: Embeddings) -> AsyncIterator[Corpus]:
    """Index the corpus in a new folder."""
    async with open_edge_vectors(root / "vectors") as vectors:
        ports = AgentPorts(LocalFiles(root / "files"), vectors, Remembering(embeddings))
        grant = CollectionGrant(
            collection=uuid4(), physical=uuid4(), access="write", model=embeddings.model
        )
        await vectors.create(grant.physical, grant.model.dimension)
        texts = dict(
            [
                await _indexed(path, ports, grant)
                for path in sorted((HERE / "corpus").iterdir())
                if path.is_file()
            ]
        )
        yield Corpus(ports, grant.model_copy(update={"access": "read"}), texts)


async def ask_all(root: Path, embeddings: Embeddings) -> list[Asked]:
    """Index the corpus in a new folder, and ask everything."""
    async with indexed_corpus(root, embeddings) as corpus:
        return [await ask(question, corpus) for question in questions()]


async def _indexed(path: Path, ports: AgentPorts, grant: CollectionGrant) -> tuple[UUID, str]:
    """Index a document; give its id and its stored text."""
    files, tenant = ports.files, grant.collection
    assert files is not None

    async def parts() -> AsyncIterator[bytes]:
        yield path.read_bytes()

    stored = await files.put(tenant, parts())
    source = DocumentSource(
        document=uuid4(),
        version=uuid4(),
        number=1,
        name=path.name,
        sha256=stored.sha256,
        size=stored.size,
    )
    done = await run_agent(
        librarian, IndexTask(document=source), ports=ports, grant=grant, tenant=tenant
    )
    assert done.output is not None, done.result
    indexed = done.output.root
    assert isinstance(indexed, IndexedDocument)
    return source.document, (await files.read(tenant, indexed.text_sha256)).decode()


async def ask(question: Question, corpus: Corpus, history: Sequence[Exchange] = ()) -> Asked:
    """Ask as the workflow does, after what was said before."""
    ports, said = corpus.ports, [exchange.model_dump() for exchange in history]
    asked = {"question": question.question, "history": said}
    found = await run_agent(researcher, asked, ports=ports, grant=corpus.grant)
    assert isinstance(found.output, Passages), found.result
    # As the workflow hands it on: the passages as JSON.
    handed = found.output.model_dump(mode="json")
    task = {"question": question.question, "passages": handed["passages"]}
    about = {"history": said, "standalone": handed["standalone"]}
    written = await run_agent(writer, task | about, ports=ports)
    assert isinstance(written.output, Answer), written.result
    task["answer"] = written.output.model_dump(mode="json")
    reviewed = await run_agent(reviewer, task, ports=ports)
    assert isinstance(reviewed.output, Answer), reviewed.result
    return Asked(question, found.output, written.output, reviewed.output, corpus.texts)
