"""Whether the platform lives and can work, open to all on this machine; and its metrics, not so."""

import asyncio

from fastapi import APIRouter, Response
from starlette.responses import PlainTextResponse

from sutazai.core.identity.rights import Need
from sutazai.core.platform import Check
from sutazai.entrypoints.api.dependencies import PlatformOf, keyed_router, needs
from sutazai.entrypoints.api.metrics import exposition
from sutazai.entrypoints.api.openapi import problems
from sutazai.entrypoints.api.remedies import remedy
from sutazai.entrypoints.api.shapes import PartShape, Readiness
from sutazai_contracts.errors import SutazaiError

router = APIRouter(prefix="/health", tags=["health"], responses=problems(422))
keyed = keyed_router("/metrics", "health", counted=False)
CHECK_S = 2.0
EXAMPLE = "# TYPE sutazai_run_watchers gauge\nsutazai_run_watchers 2.0\n"


@router.get("/live", summary="Whether the process answers", response_description="It does.")
async def read_liveness() -> dict[str, str]:
    """Answer: that is all there is to it."""
    return {"status": "live"}


@router.get(
    "/ready",
    summary="Whether the platform can work",
    responses={503: {"model": Readiness, "description": "A part it needs is unwell."}},
    response_description="It can.",
)
async def read_readiness(platform: PlatformOf, response: Response) -> Readiness:
    """Ask each part; 503 where one is unwell, saying which and why."""
    asked = {True: platform.checks, False: platform.degraded}
    parts = await asyncio.gather(
        *(
            _ask(name, check, needed, remedy(platform.profile, name))
            for needed, checks in asked.items()
            for name, check in checks.items()
        )
    )
    well = all(part.ok for part in parts if part.needed)
    response.status_code = 200 if well else 503
    return Readiness(ready=well, profile=platform.profile, parts=list(parts))


async def _ask(name: str, check: Check, needed: bool, remedy: str) -> PartShape:
    try:
        async with asyncio.timeout(CHECK_S):
            await check()
    except SutazaiError as exc:
        detail = exc.message
    except TimeoutError:
        detail = f"did not answer within {CHECK_S:g} s"
    else:
        return PartShape(name=name, ok=True, needed=needed)
    return PartShape(name=name, ok=False, needed=needed, detail=detail, remedy=remedy)


@keyed.get(
    "",
    dependencies=[needs(Need.READ)],
    summary="Metrics for Prometheus",
    response_class=PlainTextResponse,
    response_description="All metrics.",
    responses={200: {"content": {"text/plain": {"example": EXAMPLE}}}},
)
async def read_metrics(platform: PlatformOf) -> PlainTextResponse:
    """Give the platform's metrics in Prometheus' text format."""
    body, media_type = exposition(platform.metrics)
    return PlainTextResponse(body, media_type=media_type)
