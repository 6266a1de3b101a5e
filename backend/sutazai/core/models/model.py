"""Calls of models as they are kept, and what is said of models to a person."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sutazai_contracts.models import ModelInfo, Provider, RuntimeInfo
from sutazai_kit.slots.port import CallReport, SlotRequest


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call of a model: who asked which one, how long it waited, what became of it."""

    id: UUID
    request: SlotRequest
    waited_s: float
    report: CallReport
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class ModelUse:
    """What one tenant used of one model."""

    provider: str
    model: str
    calls: int
    failed: int
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    cost: float | None


@dataclass(frozen=True, slots=True)
class LineState:
    """How the line for one model stands; `yours` are the places of the tenant that asked."""

    provider: Provider
    model: str
    parallel: int
    busy: int
    waiting: int
    typical_s: float
    yours: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelsState:
    """What there is of models: `runtime` None means that none answers, and `advice` what to do."""

    runtime: RuntimeInfo | None
    advice: str
    models: tuple[ModelInfo, ...]
    roles: dict[str, str | None]
    lines: tuple[LineState, ...]
    use: tuple[ModelUse, ...]
