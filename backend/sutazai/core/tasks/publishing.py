"""Before an outcome is applied that publishes: is what it wrote where it has to be?"""

from collections.abc import Iterable
from uuid import UUID

from pydantic import ValidationError

from sutazai.core.tasks.ports import HeldCollection, LedgerTransaction
from sutazai_contracts.knowledge import IndexedDocument, RebuiltCollection
from sutazai_contracts.tasks import Outcome, Refused, RetryLater, Succeeded


def publishing(outcomes: Iterable[Outcome]) -> tuple[set[UUID], bool]:
    """Give the runs whose outcomes may publish, and whether one may switch a collection over."""
    ended = [(o.run, o.result) for o in outcomes if isinstance(o.result, Succeeded)]
    documents = {run for run, result in ended if "chunks_sha256" in result.output}
    rebuilt = {run for run, result in ended if _is_rebuilt(result)}
    return documents | rebuilt, bool(rebuilt)


async def check_publishing(
    outcome: Outcome, held: HeldCollection | None, tx: LedgerTransaction
) -> Outcome:
    """Give an outcome as it may be applied: as it is, or as one that failed, with the reason.

    What does not parse is left to the decision.

    Args:
        outcome: what a task came to.
        held: the collection of its run, where it has one.
        tx: looks up what is found now.
    """
    if not isinstance(outcome.result, Succeeded):
        return outcome
    try:
        if _is_rebuilt(outcome.result):
            rebuilt = RebuiltCollection.model_validate(outcome.result.output)
            return await _check_rebuilt(outcome, rebuilt, held, tx)
        if held is not None and "chunks_sha256" in outcome.result.output:
            document = IndexedDocument.model_validate(outcome.result.output)
            return _check_document(outcome, document, held)
    except ValidationError:
        pass
    return outcome


def _is_rebuilt(result: Succeeded) -> bool:
    return {"physical", "missing"} <= result.output.keys()


def _check_document(outcome: Outcome, document: IndexedDocument, held: HeldCollection) -> Outcome:
    written = set(document.physicals) or {held.physical}
    if held.wanted <= written:
        return outcome
    again = RetryLater(reason="the collection was rebuilt meanwhile, so it is indexed again")
    return outcome.model_copy(update={"result": again})


async def _check_rebuilt(
    outcome: Outcome,
    rebuilt: RebuiltCollection,
    held: HeldCollection | None,
    tx: LedgerTransaction,
) -> Outcome:
    reason = None
    if held is None or held.rebuild != outcome.run or held.target != rebuilt.physical:
        reason = "the collection is not rebuilt by this run any more"
    elif name := await tx.still_indexed(rebuilt.missing):
        reason = (
            f"the chunks of {name} are not in the file store any more: delete that document or "
            "upload it with other content, and rebuild again"
        )
    if reason is None:
        return outcome
    return outcome.model_copy(update={"result": Refused(reason=reason)})
