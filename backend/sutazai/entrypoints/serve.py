"""`sutazai run`: hold the home, open the platform, serve the API until asked to stop."""

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress

import uvicorn
import uvloop
from loguru import logger

from sutazai.bootstrap.background import background
from sutazai.bootstrap.dashboard import Dashboard
from sutazai.bootstrap.embedded import open_embedded
from sutazai.bootstrap.processes.instance import Instance, hold_instance
from sutazai.core.identity.credentials import keep_addresses
from sutazai.core.platform import Platform
from sutazai.entrypoints.api.app import create_app
from sutazai.entrypoints.api.places import Places
from sutazai.entrypoints.api.stalled import http_protocol
from sutazai.entrypoints.garbage import settle
from sutazai.entrypoints.logs import configure_logs
from sutazai.settings import Settings
from sutazai_contracts.errors import Conflict, SutazaiError

# Answers under way get this long once the platform stops; streams of events end at once.
GRACE_S = 3


def serve(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; gives the exit status: 0 stopped, 1 could not start."""
    configure_logs(settings.log.level)
    try:
        # The home first: an instance that runs is named, and one that stops is waited for, though
        # its port is taken as well.
        with hold_instance(settings.home) as instance, _listener(settings) as listener:
            url = f"http://{settings.api.host}:{listener.getsockname()[1]}"
            instance.announce(url)
            return uvloop.run(_serve(settings, instance, listener, url))
    except SutazaiError as exc:
        logger.error(exc.message)
        print(f"sutazai: {exc.message}", file=sys.stderr)  # noqa: T201
        return 1


async def _serve(settings: Settings, instance: Instance, listener: socket.socket, url: str) -> int:
    loop, starting = asyncio.get_running_loop(), asyncio.current_task()
    stop: list[Callable[[], None]] = []

    def asked() -> None:
        instance.stopping()
        if stop:
            stop[0]()
        elif starting is not None:
            starting.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked)
    dashboard = Dashboard(settings, url) if settings.dashboard.dashboard else None
    degraded = {} if dashboard is None else {"dashboard": dashboard.check}
    with suppress(asyncio.CancelledError):
        async with open_embedded(settings, api_url=url, degraded=degraded) as platform:
            shown = None if dashboard is None else dashboard.url
            keep_addresses(settings.home / "credentials.json", url, shown)
            server = _server(platform, settings, dashboard)
            stop.append(lambda: _stop(server, platform))
            settle()
            listener.listen(2048)
            logger.info("SutazAI answers at {} (API documentation: {}/docs)", url, url)
            async with _beside(server, dashboard):
                await server.serve(sockets=[listener])
                instance.stopping()
    return 0


@asynccontextmanager
async def _beside(server: uvicorn.Server, dashboard: Dashboard | None) -> AsyncIterator[None]:
    """Run the dashboard once the API answers, which nothing is to delay."""

    async def keep(wanted: Dashboard) -> None:
        # Uvicorn tells nobody that it has started.
        while not server.started:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await wanted.keep()

    async with AsyncExitStack() as stack:
        if dashboard is not None:
            await stack.enter_async_context(background(dashboard=keep(dashboard)))
        yield


class _Server(uvicorn.Server):
    """Uvicorn without its handling of signals: ours also stops what is not HTTP."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the loop's own handlers."""
        yield


def _server(platform: Platform, settings: Settings, dashboard: Dashboard | None) -> uvicorn.Server:
    login = settings.login
    dashboards = login.dashboards if dashboard is None else login.dashboards_with(dashboard.url)
    app = create_app(
        platform,
        upload_limit=settings.api.upload_limit,
        import_limit=settings.api.import_limit,
        places=Places(dashboards, login.canonical_host),
    )
    config = uvicorn.Config(
        app,
        loop="none",
        http=http_protocol(),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=GRACE_S,
    )
    return _Server(config)


def _stop(server: uvicorn.Server, platform: Platform) -> None:
    platform.runs.feed.close()
    server.should_exit = True


def _listener(settings: Settings) -> socket.socket:
    """Bind the API's address before anything is started, so that a taken port costs nothing."""
    host, port = settings.api.host, settings.api.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as exc:
        listener.close()
        raise Conflict(
            f"port {port} of {host} can't be had ({exc.strerror}); another instance may use it, "
            "or set SUTAZAI_API_PORT"
        ) from exc
    return listener
