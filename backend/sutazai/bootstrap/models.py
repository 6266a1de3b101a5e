"""Models wired: the runtimes that settings name, the lines, the record of calls."""

from functools import partial

from sutazai.bootstrap.model_metrics import ModelMetrics
from sutazai.bootstrap.runtimes import runtime_configs
from sutazai.core.models.answers import KeptAnswers
from sutazai.core.models.line import LineRules
from sutazai.core.models.lines import Lines
from sutazai.core.models.metering import Metering
from sutazai.core.models.model import CallRecord
from sutazai.core.models.routing import DEFAULT, Routes
from sutazai.core.models.runtimes import Candidate, Runtimes
from sutazai.core.models.service import Models
from sutazai.records.database import Database
from sutazai.records.model_calls import SqlModelCalls
from sutazai.settings import RuntimeSettings, Settings
from sutazai_kit.model.factory import open_model

NO_MODEL = (
    "No language model answers, so answers are extracts. To get written answers, run Ollama and"
    " `ollama pull tinyllama`, or set SUTAZAI_MODELS_GGUF to a GGUF file; it is used as soon as it"
    " answers."
)
SWITCHED_OFF = (
    "Language models are switched off by SUTAZAI_MODELS_RUNTIME=none: answers are extracts."
)


def wire_models(
    settings: Settings, database: Database, metrics: ModelMetrics, answers: KeptAnswers
) -> Models:
    """Put models together; nothing is opened or asked yet.

    Args:
        settings: of the installation.
        database: keeps the calls.
        metrics: counts them.
        answers: keeps what was answered.

    Raises:
        InvalidInput: a setting that the runtime needs is missing.
        EgressRefused: a hosted runtime is set and egress is not switched on.
    """
    runtime = settings.runtime
    metering = Metering(SqlModelCalls(database))

    def ended(call: CallRecord) -> None:
        metering.keep(call)
        metrics.ended(call)

    lines = Lines(_rules(runtime), on_end=ended)
    metrics.watch(lines)
    configs = runtime_configs(runtime, allow_egress=settings.egress.allow_egress)
    candidates = [Candidate(config.provider, partial(open_model, config)) for config in configs]
    advice = SWITCHED_OFF if runtime.runtime == "none" else NO_MODEL
    return Models(
        runtimes=Runtimes(candidates, advice, busy=lines.busy),
        lines=lines,
        routes=_routes(runtime),
        metering=metering,
        answers=answers,
    )


def _rules(runtime: RuntimeSettings) -> LineRules:
    return LineRules(
        parallel=runtime.parallel,
        places=runtime.places,
        tenant_places=runtime.places // 2,
        age_s=runtime.batch_age_s,
    )


def _routes(runtime: RuntimeSettings) -> Routes:
    roles = {
        DEFAULT: runtime.default,
        "writer": runtime.writer,
        "reviewer": runtime.reviewer,
        "coder": runtime.coder,
        "rewriter": runtime.rewriter,
    }
    return Routes(
        roles={role: _names(names) for role, names in roles.items()},
        large=_names(runtime.large),
        large_from=runtime.large_from,
        num_ctx=runtime.num_ctx,
    )


def _names(listed: str) -> tuple[str, ...]:
    return tuple(name for part in listed.split(",") if (name := part.strip()))
