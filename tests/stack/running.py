"""A stack of its own for tests: the product's compose file, under another name, on free ports."""

import json
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
SIZES = ("standard", "lite")
START_S = 600.0
CONTAINER_USER = 10001


# As the Makefile has it: the small size has no Neo4j.
_OF_SIZE = {"lite": {"SUTAZAI_NEO4J_URL": ""}}


@dataclass(frozen=True)
class Stack:
    """A stack that runs: its project's name, its folder of secrets, what Compose is told.

    Commands end with an error that holds what the program wrote.
    """

    project: str
    folder: Path
    variables: Mapping[str, str] = field(repr=False)

    def compose(self, *arguments: str, size: str = "standard", check: bool = True) -> str:
        """Run `docker compose` for this stack; gives what it wrote."""
        return run(
            "docker", "compose", "-p", self.project, "--profile", size, *arguments,
            variables={**self.variables, **_OF_SIZE.get(size, {})}, check=check,
        )  # fmt: skip

    def configuration(self, *files: str, size: str = "standard") -> dict[str, Any]:
        """Give the compose files as Compose understands them, merged."""
        named = [part for file in files for part in ("-f", file)]
        return dict(json.loads(self.compose(*named, "config", "--format", "json", size=size)))

    def laid_over(self, file: str) -> "Stack":
        """Give the same stack with one more compose file laid over the others."""
        files = f"{self.variables['COMPOSE_FILE']}:{file}"
        return replace(self, variables={**self.variables, "COMPOSE_FILE": files})

    def containers(self) -> dict[str, dict[str, Any]]:
        """Inspect every container of this stack, by service; of several instances, the last."""
        names = run("docker", "ps", "-aq", "--filter", self._label).split()
        found = json.loads(run("docker", "inspect", *names)) if names else []
        return {made["Config"]["Labels"]["com.docker.compose.service"]: made for made in found}

    def run_in(self, service: str, *command: str, check: bool = True) -> str:
        """Run a program in a service's container; gives what it wrote."""
        return self.compose("exec", "-T", service, *command, check=check)

    def python(self, service: str, program: str, *arguments: str) -> str:
        """Run Python in the container of one of our own processes, with what it has installed."""
        return self.run_in(service, "python", "-c", program, *arguments).strip()

    def place(self, service: str, port: int) -> str:
        """Give where a port of a service is published, as `host:port`."""
        return self.compose("port", service, str(port)).strip()

    def secret(self, name: str) -> str:
        """Read a secret."""
        return (self.folder / "secrets" / name).read_text("utf-8")

    @property
    def gateway(self) -> str:
        """Give the gateway's address, whose port is chosen before the stack starts."""
        return f"http://127.0.0.1:{self.variables['SUTAZAI_PORT_GATEWAY']}"

    @property
    def api_key(self) -> str:
        """Give the key of the first tenant's administrator, as the migration job wrote it down."""
        written = self.folder / "credentials" / "credentials.json"
        return str(json.loads(written.read_text("utf-8"))["api_key"])

    def import_model(self, gguf: Path, name: str, modelfile: Path | None = None) -> None:
        """Put a model into the stack, as `make model GGUF=…` does."""
        extra = ["-v", f"{modelfile}:/import/Modelfile:ro"] if modelfile else []
        mounted = ["-v", f"{gguf}:/import/model.gguf:ro", *extra]
        self.compose("run", "--rm", *mounted, "model-import", name, size="model")

    def logs(self) -> str:
        """Give what all services wrote."""
        return self.compose("logs", "--no-color", "--timestamps", check=False)

    @property
    def _label(self) -> str:
        return f"label=com.docker.compose.project={self.project}"


def run(*command: str, variables: Mapping[str, str] | None = None, check: bool = True) -> str:
    """Run a program in the repository's root; gives what it wrote on standard output."""
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **(variables or {})}, capture_output=True, text=True
    )
    if check and done.returncode:
        said = "\n".join((done.stdout[-4000:], done.stderr[-8000:]))
        raise AssertionError(f"{' '.join(command)} ended with {done.returncode}:\n{said}")
    return done.stdout


def eventually(find: Callable[[], T], *, within_s: float = 30.0, every_s: float = 0.2) -> T:
    """Give the first true answer; what `find` raises at last is raised, or that there was none."""
    deadline = time.monotonic() + within_s
    while True:
        try:
            if found := find():
                return found
            problem: Exception = AssertionError(f"not within {within_s:g} s")
        except (AssertionError, OSError, LookupError, ValueError) as exc:
            problem = exc
        if time.monotonic() > deadline:
            raise problem
        time.sleep(every_s)


@contextmanager
def new_stack(size: str = "standard", **settings: str) -> Iterator[Stack]:
    """Give a stack that is configured and has its secrets, and does not run yet.

    Whatever was started of it is removed at the end, with all it holds.

    Args:
        size: `standard` or `lite`.
        settings: variables of the compose files.
    """
    with tempfile.TemporaryDirectory(prefix="stack-") as made:
        folder = Path(made)
        owner = os.getuid() or CONTAINER_USER
        if os.getuid() == 0:
            os.chown(folder, owner, owner)
        number = os.getpid() % 200
        variables = {
            "COMPOSE_FILE": f"docker-compose.yml{quick()}",
            "SUTAZAI_STACK_DIR": str(folder),
            "SUTAZAI_UID": str(owner),
            "SUTAZAI_GID": str(owner),
            "SUTAZAI_SUBNET": f"10.214.{number}",
            # The login leads back to addresses with these, so both have to be known before.
            "SUTAZAI_PORT_GATEWAY": str(free_port()),
            "SUTAZAI_PORT_DASHBOARD": str(free_port()),
            **settings,
        }
        project = f"sutazai-test-{os.getpid()}"
        try:
            make_secrets(project, variables)
            key = (folder / "secrets" / "qdrant_key").read_text("utf-8")
            yield Stack(project, folder, {**variables, "SUTAZAI_QDRANT_KEY": key})
        finally:
            remove(project)


def free_port() -> int:
    """Find a port that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def quick() -> str:
    """Name the file that `make` lays over the others where Docker can do with it."""
    version = run("docker", "version", "--format", "{{.Server.APIVersion}}").strip().split(".")
    return ":compose/quick.yml" if [int(part) for part in version] >= [1, 44] else ""


def make_secrets(project: str, variables: Mapping[str, str], plugin: str = "") -> None:
    """Make the secrets that are missing, as `make secrets` does.

    Args:
        project: of the stack.
        variables: what Compose is told.
        plugin: a folder with agents that are not in the image, relative to the repository's root.
    """
    setup = ["-p", project, "-f", "compose/setup.yml"]
    more = ["-v", f"{ROOT / plugin}:/plugin:ro", "-e", "PYTHONPATH=/plugin"] if plugin else []
    run("docker", "compose", *setup, "run", "--rm", *more, "secrets", variables=variables)


def start(stack: Stack, size: str = "standard", services: Sequence[str] = ()) -> None:
    """Start the stack, or some of its services, and wait until all is healthy."""
    stack.compose("up", "-d", "--wait", "--wait-timeout", f"{START_S:.0f}", *services, size=size)


def remove(project: str) -> None:
    """Remove every container, volume and network of a project."""
    label = f"label=com.docker.compose.project={project}"
    for listing, removing in (
        (("ps", "-aq"), ("rm", "-f", "-v")),
        (("volume", "ls", "-q"), ("volume", "rm", "-f")),
        (("network", "ls", "-q"), ("network", "rm")),
    ):
        if found := run("docker", *listing, "--filter", label).split():
            run("docker", *removing, *found)
