"""An export or a backup as one stream: a plain tar archive, in constant memory.

Reading blocks, for a thread.
"""

import hashlib
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Generic, Protocol, TypeVar

from sutazai.core.moving.manifest import NAME, Entry
from sutazai_contracts.errors import InvalidInput

PART = 1024 * 1024
END = b"\0" * (2 * tarfile.BLOCKSIZE)
_LARGEST_MANIFEST = 256 * 1024 * 1024
# What one object may take: it is sent to the database as one value.
LARGEST_OBJECT = 256 * 1024 * 1024


def header(name: str, size: int) -> bytes:
    """Give the header of a member; its bytes follow, then `padding`."""
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member.tobuf(tarfile.PAX_FORMAT)


def padding(size: int) -> bytes:
    """Give what follows a member of this size up to the next block."""
    return b"\0" * (-size % tarfile.BLOCKSIZE)


@dataclass(frozen=True, slots=True)
class Member:
    """Where the bytes of a member lie in the archive."""

    offset: int
    size: int


class Listed(Protocol):
    """A manifest, as far as an archive needs it."""

    @property
    def files(self) -> Mapping[str, Entry]:
        """Give every file but the manifest."""


M = TypeVar("M", bound=Listed)


class Archive(Generic[M]):
    """An archive that was found to be whole."""

    def __init__(self, file: IO[bytes], read: Callable[[bytes], M]) -> None:
        """Read what is in an archive, and check every byte of it against its manifest.

        Args:
            file: the archive, which can be sought in.
            read: reads its manifest, or refuses it.

        Raises:
            InvalidInput: it is damaged, foreign or newer than this SutazAI; says what is wrong.
        """
        self._file = file
        self._members = _members(file)
        self.manifest = self._manifest(read)
        self._check()

    @property
    def names(self) -> list[str]:
        """List the files, the manifest left out."""
        return sorted(self.manifest.files)

    def text(self, name: str) -> str:
        """Give a whole file as text.

        Raises:
            InvalidInput: it is not UTF-8, or larger than an object may be.
        """
        if self._members[name].size > LARGEST_OBJECT:
            raise InvalidInput(f"{name} is larger than an object may be")
        try:
            return b"".join(self.parts(name)).decode()
        except UnicodeDecodeError as exc:
            raise InvalidInput(f"{name} is not UTF-8") from exc

    def parts(self, name: str) -> Iterator[bytes]:
        """Give the bytes of a file, at most 1 MiB at once."""
        member = self._members[name]
        done = 0
        while done < member.size:
            self._file.seek(member.offset + done)
            part = self._file.read(min(PART, member.size - done))
            if not part:
                raise InvalidInput(f"the archive ends in the middle of {name}")
            done += len(part)
            yield part

    def _manifest(self, read: Callable[[bytes], M]) -> M:
        found = self._members.get(NAME)
        if found is None:
            raise InvalidInput(f"this is no whole archive: {NAME} is not in it")
        if found.size > _LARGEST_MANIFEST:
            raise InvalidInput(f"{NAME} is too large to be one")
        return read(b"".join(self.parts(NAME)))

    def _check(self) -> None:
        there, listed = self._members.keys() - {NAME}, self.manifest.files.keys()
        for name in sorted(listed - there):
            raise InvalidInput(f"the archive is not whole: {name} is missing")
        for name in sorted(there - listed):
            raise InvalidInput(f"the archive holds {name!r}, which its manifest does not know")
        for name, entry in self.manifest.files.items():
            digest = hashlib.sha256()
            for part in self.parts(name):
                digest.update(part)
            if digest.hexdigest() != entry.sha256:
                raise InvalidInput(f"{name} is damaged: it is not what the manifest says")


def _members(file: IO[bytes]) -> dict[str, Member]:
    found: dict[str, Member] = {}
    try:
        file.seek(0)
        with tarfile.open(fileobj=file, mode="r:") as archive:
            for member in archive:
                if not member.isreg():
                    raise InvalidInput(f"the archive holds {member.name!r}, which is no file")
                if member.name in found:
                    raise InvalidInput(f"the archive holds {member.name!r} twice")
                found[member.name] = Member(member.offset_data, member.size)
    except (tarfile.TarError, ValueError, EOFError, OverflowError) as exc:
        raise InvalidInput(f"this is no archive of ours: it can't be read as one ({exc})") from exc
    return found
