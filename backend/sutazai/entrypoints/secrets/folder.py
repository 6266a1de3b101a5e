"""A folder of secrets: what is there stays, what is missing is made, nothing is seen half-written.

Compose lays these files into containers as they are, whose users differ: the folder is its owner's
alone, the files in it can be read by all.
"""

import os
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path

from sutazai_contracts.errors import SutazaiError

_FOLDER, _FILE = 0o700, 0o444
_BYTES = 24


class SecretsFolder:
    """Files by name, below one folder."""

    def __init__(self, root: Path) -> None:
        """Take a folder; it is made where it is missing.

        Raises:
            SutazaiError: it can't be made or written to.
        """
        self.root = root
        try:
            root.mkdir(mode=_FOLDER, parents=True, exist_ok=True)
            root.chmod(_FOLDER)
        except OSError as exc:
            raise SutazaiError(f"{root} can't be used: {exc.strerror}") from exc

    def keep(self, name: str, make: Callable[[], str] | None = None) -> str:
        """Give a secret: the one that is there, else a new one.

        Args:
            name: the file's name.
            make: gives a new one; 192 random bits in hexadecimal where it is not given.
        """
        path = self.root / name
        if not path.exists():
            self._write(path, make() if make else secrets.token_hex(_BYTES), replace=False)
        found = path.read_text("utf-8")
        if not found.strip():
            raise SutazaiError(f"{path} is empty; remove it to get a new one")
        return found

    def render(self, name: str, text: str) -> None:
        """Write what follows from secrets and settings, where it is not what is there."""
        path = self.root / name
        if not path.exists() or path.read_text("utf-8") != text:
            self._write(path, text, replace=True)

    def _write(self, path: Path, text: str, *, replace: bool) -> None:
        """Put a whole file in place; one that came first is kept unless it is to be replaced."""
        try:
            descriptor, temporary = tempfile.mkstemp(dir=self.root, prefix=".new-")
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    file.write(text)
                    file.flush()
                    os.fchmod(file.fileno(), _FILE)
                    os.fsync(file.fileno())
                if replace:
                    os.replace(temporary, path)
                else:
                    os.link(temporary, path)
            except FileExistsError:
                pass  # another `make up` was first
            finally:
                Path(temporary).unlink(missing_ok=True)
        except OSError as exc:
            raise SutazaiError(f"{path} can't be written: {exc.strerror}") from exc
