"""`sutazai stack core`: the public API, and the internal one on a listener of its own."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from loguru import logger

from sutazai.bootstrap.stack.core import OpenCore, core_in_consul, open_stack_core
from sutazai.entrypoints.api.app import create_app
from sutazai.entrypoints.api.places import Places
from sutazai.entrypoints.api.stalled import http_protocol
from sutazai.entrypoints.garbage import settle
from sutazai.entrypoints.internal.app import create_internal_app
from sutazai.entrypoints.internal.requests import InternalParts
from sutazai.entrypoints.stack.process import listen_on
from sutazai.settings import Settings
from sutazai.stack_settings import StackSettings
from sutazai_contracts.tasks import AgentCard

# Answers under way get this long once core stops; streams of events end at once.
GRACE_S = 3


async def core(settings: Settings, stack: StackSettings, asked: asyncio.Event) -> None:
    """Serve until asked to stop."""
    with listen_on(settings.api.port) as public, listen_on(stack.internal.port) as internal:
        async with open_stack_core(settings, stack) as opened:
            servers = {
                served(_public(opened, settings), behind=stack.trusted_proxies): public,
                served(_internal(opened)): internal,
            }
            settle()
            serving = [
                asyncio.create_task(server.serve(sockets=[listener]))
                for server, listener in servers.items()
            ]
            async with core_in_consul(stack, opened, public.getsockname()[1]):
                logger.info(
                    "Core answers on {} and {}", *(s.getsockname()[1] for s in (public, internal))
                )
                await _asked_or_ended(asked, serving)
            opened.platform.runs.feed.close()
            for server in servers:
                server.should_exit = True
            await asyncio.gather(*serving)


async def _asked_or_ended(asked: asyncio.Event, serving: list[asyncio.Task[None]]) -> None:
    waiting = asyncio.create_task(asked.wait())
    await asyncio.wait({waiting, *serving}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()


def _public(opened: OpenCore, settings: Settings) -> Any:
    login = settings.login
    return create_app(
        opened.platform,
        upload_limit=settings.api.upload_limit,
        import_limit=settings.api.import_limit,
        places=Places(login.dashboards, login.canonical_host),
    )


def _internal(opened: OpenCore) -> Any:
    services = opened.services

    def announced(card: AgentCard, worker: str) -> None:
        opened.registry.expect(card)

    parts = InternalParts(
        tokens=opened.tokens,
        tasks=services.tasks,
        claims=opened.claims,
        models=services.models,
        files=opened.ports.files,
        live=opened.ports.live,
        joined=services.joined,
        announced=announced,
    )
    return create_internal_app(parts)


class _Server(uvicorn.Server):
    """Uvicorn without its handling of signals: two of them run, and more stops than HTTP."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the process."""
        yield


def served(app: Any, *, behind: str = "") -> uvicorn.Server:
    """Give the server of an application.

    Args:
        app: what it serves.
        behind: addresses, separated by commas, whose word counts on where a request came from;
            what anyone else says of that is passed over.
    """
    config = uvicorn.Config(
        app,
        loop="none",
        http=http_protocol(),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(behind),
        forwarded_allow_ips=behind,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=GRACE_S,
    )
    return _Server(config)
