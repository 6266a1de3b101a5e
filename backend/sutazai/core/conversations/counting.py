"""Tokens of what was said, as whoever reads them counts: the model, or else the embedder."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sutazai.core.models.service import Models
from sutazai_contracts.errors import EmbedderUnavailable, ModelNotFound, ModelUnavailable
from sutazai_kit.embeddings.port import Embeddings
from sutazai_kit.slots.port import Chosen, Wish

ESTIMATE = "an estimate"
# Who reads a conversation is who writes the answer.
ROLE = "writer"


@dataclass(frozen=True, slots=True)
class Measure:
    """Who would count now; `reads`: how many tokens that model reads; None: nobody says."""

    name: str
    reads: int | None = None
    model: Chosen | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """Tokens of texts, and who counted; `lasting` false: somebody may soon count better."""

    tokens: Sequence[int]
    by: str
    lasting: bool = True


@dataclass(frozen=True, slots=True)
class TokenCounting:
    """Count by the model's own tokenizer where there is a model, else by the embedder's.

    Args:
        models: choose who writes.
        embeddings: counts where no model does.
        estimate: counts where neither answers: rather too many than too few.
    """

    models: Models
    embeddings: Embeddings
    estimate: Callable[[str], int]

    async def measure(self) -> Measure:
        """Tell who would count now."""
        chosen = await self.models.choose(Wish(role=ROLE))
        if chosen is not None:
            return Measure(f"model {chosen.model}", chosen.num_ctx, chosen)
        try:
            return Measure(f"embedder {self.embeddings.model.name}")
        except EmbedderUnavailable:
            return Measure(ESTIMATE)

    async def count(self, measure: Measure, texts: Sequence[str]) -> Counted:
        """Count the tokens of each text; what can't be counted is estimated, and says so."""
        try:
            if measure.model is not None:
                return await self._by_model(measure.model, measure.name, texts)
            if measure.name != ESTIMATE:
                return Counted(await self.embeddings.count_tokens(texts), measure.name)
        except (ModelUnavailable, ModelNotFound, EmbedderUnavailable):
            # It is away for a moment.
            pass
        return Counted([self.estimate(text) for text in texts], ESTIMATE, lasting=False)

    async def _by_model(self, model: Chosen, name: str, texts: Sequence[str]) -> Counted:
        runtime = self.models.runtimes.model(model.provider)
        counted = [await runtime.count_tokens(model.model, text) for text in texts]
        exact = all(count.exact for count in counted)
        by = name if exact else f"an estimate for {name}"
        return Counted([count.tokens for count in counted], by)
