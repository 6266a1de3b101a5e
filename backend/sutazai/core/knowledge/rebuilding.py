"""Begin to rebuild a collection: what it holds is listed, and a run embeds that anew."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from sutazai.core.knowledge.model import Collection
from sutazai.core.knowledge.ports import KnowledgeRecords
from sutazai.core.runs.ports import Submission
from sutazai.core.runs.service import NewRun, Runs
from sutazai_contracts.errors import ModelMismatch
from sutazai_contracts.identifiers import new_id
from sutazai_contracts.knowledge import EmbeddingModel, RebuildSource, RebuildVersion
from sutazai_kit.embeddings.port import Embeddings
from sutazai_kit.files.port import Files
from sutazai_kit.vectors.port import Vectors

_LINES_PER_PART = 256


@dataclass(frozen=True, slots=True)
class Rebuild:
    """The run that rebuilds a collection, and whether it was started now."""

    run: UUID
    created: bool


@dataclass(frozen=True, slots=True)
class Rebuilding:
    """Embed collections anew, by the model in use, from the chunks that the file store holds."""

    records: KnowledgeRecords
    files: Files
    vectors: Vectors
    embeddings: Embeddings
    runs: Runs
    cancel_run: Callable[[UUID, UUID, str], Awaitable[object]]

    async def begin(self, tenant: UUID, name: str) -> Rebuild:
        """Start the run that rebuilds a collection, or give the one that does so by this model.

        One that rebuilds it by another model is cancelled.

        Raises:
            NotFound: this tenant has no such collection.
        """
        model, physical = self.embeddings.model, new_id()
        async with self.records.rebuilding(tenant, name) as tx:
            under_way = tx.under_way
            if under_way is not None and under_way.model == model:
                return Rebuild(under_way.run, created=False)
            if under_way is not None:
                reason = f"the collection is rebuilt by {model.name} now"
                await self.cancel_run(tenant, under_way.run, reason)
            listed = await tx.versions()
            manifest = await self.files.put(tenant, _lines(listed))
            # A crash before the commit leaves an empty place that nobody knows of, no more.
            await self.vectors.create(physical, model.dimension)
            submission = self._run(tenant, tx.collection, manifest.sha256, listed)
            ids = [version.version for version in listed]
            await tx.start(physical, model, manifest.sha256, ids, submission)
        self.runs.submitted([submission.run.id])
        return Rebuild(submission.run.id, created=True)

    def _run(
        self,
        tenant: UUID,
        collection: Collection,
        manifest: str,
        listed: Sequence[RebuildVersion],
    ) -> Submission:
        chunks = sum(version.chunks for version in listed)
        source = RebuildSource(manifest=manifest, versions=len(listed), chunks=chunks)
        new = NewRun(
            workflow="rebuild",
            goal=f"Rebuild {collection.name}",
            collection=collection.id,
            collection_name=collection.name,
            input={"rebuild": source.model_dump(mode="json")},
        )
        return self.runs.compose(tenant, new)


def refuse_other_model(collection: str, kept: EmbeddingModel, used: EmbeddingModel) -> None:
    """Raise `ModelMismatch`, in words that say what to do, where two models differ."""
    if kept != used:
        raise ModelMismatch(
            f"the collection {collection} was embedded by {kept.name} ({kept.revision}), and "
            f"{used.name} ({used.revision}) is in use: `sutazai index rebuild {collection}` "
            "embeds it anew",
            field="collection",
        )


async def _lines(listed: Sequence[RebuildVersion]) -> AsyncIterator[bytes]:
    waiting = iter(listed)
    while part := list(islice(waiting, _LINES_PER_PART)):
        yield "".join(f"{version.model_dump_json()}\n" for version in part).encode()
