"""The repository as the gates see it: its modules, parsed, and its files."""

import ast
import subprocess
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent.parent
# Where each package's import name begins.
PACKAGE_ROOTS = {
    "sutazai_contracts": "packages/contracts",
    "sutazai_kit": "packages/kit",
    "sutazai": "backend",
    "sutazai_agents": "agents",
    "sutazai_ui": "frontend",
}

# What a generator wrote: no rule of ours is about it, and nobody edits it.
GENERATED = ("clients/python/sutazai_client",)


@dataclass(frozen=True)
class Module:
    """One Python file: its path within the repository and its text."""

    path: PurePosixPath
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """Parse it."""
        return ast.parse(self.text, str(self.path))

    @property
    def name(self) -> str:
        """Name it as an import statement does."""
        for root in PACKAGE_ROOTS.values():
            if self.path.is_relative_to(root):
                parts = self.path.relative_to(root).with_suffix("").parts
                break
        else:
            parts = self.path.with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def product(self) -> bool:
        """Tell whether users run it, as opposed to tests, benchmarks and scripts."""
        return any(
            self.path.is_relative_to(f"{root}/{package}") for package, root in PACKAGE_ROOTS.items()
        )


@dataclass(frozen=True)
class Finding:
    """A place that breaks a rule."""

    path: PurePosixPath
    line: int
    what: str

    def __str__(self) -> str:
        """Write it as editors understand it."""
        return f"{self.path}:{self.line}: {self.what}"


def files(root: Path = ROOT) -> list[PurePosixPath]:
    """List what git tracks or would add: everything in the tree that is not ignored."""
    # `safe.directory`: a checkout that another user owns, as in a container, is read all the same.
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "-co", "--exclude-standard"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )
    paths = sorted({PurePosixPath(name) for name in listed.stdout.split("\0") if name})
    return [path for path in paths if (root / path).is_file()]


@cache
def modules() -> tuple[Module, ...]:
    """Read every Python file of the repository, once."""
    return tuple(
        Module(path, (ROOT / path).read_text("utf-8"))
        for path in files()
        if path.suffix == ".py" and not any(path.is_relative_to(made) for made in GENERATED)
    )
