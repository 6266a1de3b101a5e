"""Secrets of one installation: made at its first start, kept in files only its owner reads."""

import json
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from sutazai_contracts.errors import SutazaiError

_BYTES = 24
_TOKEN_BYTES = 32


def role_passwords(folder: Path, roles: Iterable[str]) -> dict[str, str]:
    """Read the passwords of the database's roles; make those that are missing.

    The file is replaced as a whole, so that a kill leaves the old one or the new one.
    """
    path = folder / "database.json"
    known = _read(path)
    missing = [role for role in roles if role not in known]
    if missing:
        known |= {role: secrets.token_urlsafe(_BYTES) for role in missing}
        write_private(path, json.dumps(known, indent=2))
    return known


def token_secret(folder: Path) -> bytes:
    """Read the secret that access tokens are signed by; make it where it is missing."""
    path = folder / "tokens.key"
    try:
        return bytes.fromhex(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        made = secrets.token_bytes(_TOKEN_BYTES)
    except ValueError as exc:
        raise SutazaiError(f"{path} is no secret of ours; remove it to get a new one") from exc
    write_private(path, made.hex())
    return made


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600 in a folder of mode 0700, durably and all at once."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _read(path: Path) -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as exc:
        raise SutazaiError(f"{path} can't be read as JSON; restore it from a backup") from exc
    return found
