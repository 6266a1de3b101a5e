"""What a process answers over HTTP: health, metrics and, of agents, who works in it."""

from collections.abc import Callable, Mapping

from fastapi import FastAPI, Response
from prometheus_client import CollectorRegistry
from starlette.responses import PlainTextResponse

import sutazai
from sutazai.adapters.registry.consul import STATES_PATH, WorkerState, WorkerStates
from sutazai.entrypoints.api.metrics import exposition
from sutazai.entrypoints.api.problems import install_problem_handlers
from sutazai_contracts.errors import NotFound
from sutazai_contracts.tasks import AgentCard
from sutazai_kit.observer import RunnerState

Worker = tuple[AgentCard, Callable[[], RunnerState]]


def create_process_app(metrics: CollectorRegistry, ready: Callable[[], str]) -> FastAPI:
    """Make the application of a process.

    Args:
        metrics: what the process counts.
        ready: says why it can't work now; empty where it can.
    """
    app = FastAPI(title="SutazAI", version=sutazai.__version__, openapi_url=None)
    install_problem_handlers(app)

    @app.get("/health/live")
    async def read_liveness() -> dict[str, str]:
        """Answer: that is all there is to it."""
        return {"status": "live"}

    @app.get("/health/ready")
    async def read_readiness(response: Response) -> dict[str, bool | str]:
        """Tell whether it can work: 503 while it starts, drains or lacks something."""
        problem = ready()
        response.status_code = 503 if problem else 200
        return {"ready": not problem, "detail": problem}

    @app.get("/metrics")
    async def read_metrics() -> PlainTextResponse:
        """Give the metrics in Prometheus' text format."""
        body, media_type = exposition(metrics)
        return PlainTextResponse(body, media_type=media_type)

    return app


def create_agent_app(
    workers: Mapping[str, Worker], metrics: CollectorRegistry, ready: Callable[[], str]
) -> FastAPI:
    """Make the application of a process of agents.

    Args:
        workers: each agent's card, and how to ask its runner for its state, by name.
        metrics: what the process counts.
        ready: says why no task is taken now; empty where they are.
    """
    app = create_process_app(metrics, ready)

    @app.get(STATES_PATH)
    async def read_agents() -> WorkerStates:
        """Tell who works here, and how busy each is."""
        return WorkerStates(agents=tuple(_state(*workers[name]) for name in sorted(workers)))

    @app.get("/.well-known/agent-card.json")
    async def read_card() -> AgentCard:
        """Give the card of the one agent that works here."""
        return _only(workers)

    return app


def _state(card: AgentCard, state: Callable[[], RunnerState]) -> WorkerState:
    now = state()
    return WorkerState(
        card=card,
        busy=now.busy,
        slots=now.slots,
        done=now.done,
        failed=now.failed,
        last_work_at=now.last_work_at,
    )


def _only(workers: Mapping[str, Worker]) -> AgentCard:
    if len(workers) != 1:
        raise NotFound(f"{len(workers)} agents work here: see {STATES_PATH}")
    [(card, _)] = workers.values()
    return card
