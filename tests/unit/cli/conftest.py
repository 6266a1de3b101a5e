import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sutazai.entrypoints.cli import main
from tests.unit.cli.platform_server import KEY, PlatformServer


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, object]:
        content = json.loads(self.out)
        assert isinstance(content, dict)
        return content


Run = Callable[..., Ended]


@pytest.fixture(scope="session")
def server() -> Iterator[PlatformServer]:
    """Start one server for all tests: starting and stopping takes longer than most of them."""
    started = PlatformServer()
    started.start()
    yield started
    started.stop()


@pytest.fixture
def platform(server: PlatformServer) -> PlatformServer:
    server.reset()
    return server


@pytest.fixture
def home(platform: PlatformServer, tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    write_credentials(folder, platform.url)
    return folder


def write_credentials(home: Path, url: str, key: str = KEY) -> None:
    credentials = {"email": "a@b.c", "password": "x", "api_key": key, "api_url": url}
    path = home / "credentials.json"
    path.write_text(json.dumps({**credentials, "dashboard_url": None}))
    path.chmod(0o600)


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command line in this process; no setting of this shell reaches it."""
    for name in ("SUTAZAI_HOME", "NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str | Path) -> Ended:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Ended(code, captured.out, captured.err)

    return run
