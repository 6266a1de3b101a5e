"""Find the files to ingest under the paths a person named, and say why the others are left out."""

import codecs
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sutazai.entrypoints.cli.render import size_text

# Folders that tools make, and the file by which each is known where people use the name too.
_JUNK = {
    "__pycache__": None,
    "node_modules": None,
    "bower_components": None,
    "site-packages": None,
    "venv": "pyvenv.cfg",
    "env": "pyvenv.cfg",
    "target": "CACHEDIR.TAG",
}
_HEAD = 8192
_PDF = b"%PDF-"
_ZIP = b"PK\x03\x04"
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_SIGNATURES = (
    (b"PK\x03\x04", "archives and office files other than DOCX are not read yet"),
    (b"{\\rtf", "RTF is not read yet"),
)
# What text files hold besides printable characters: tab, newline, form feed, return, escape.
_TEXT_CONTROLS = frozenset(b"\t\n\f\r\x1b")


@dataclass(frozen=True)
class Found:
    """A file to upload, and the name its document gets."""

    path: Path
    name: str
    size: int


@dataclass(frozen=True)
class Skipped:
    """A file or folder that is left out, and why; `named` where the person gave this very path."""

    path: Path
    reason: str
    named: bool = False


@dataclass
class Walk:
    """What was found under the paths, in the order of the paths, each folder sorted."""

    limit: int
    files: list[Found] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    _seen: set[Path] = field(default_factory=set)
    _names: dict[str, Path] = field(default_factory=dict)

    def add(self, path: Path) -> None:
        """Take a file as it is, or walk a folder; what is left out is noted with its reason."""
        if path.is_dir():
            root = path.resolve()
            for file in self._folder(path, root):
                relative = Path(root.name, file.relative_to(path))
                self._file(file, ":".join(relative.parts), named=False)
        else:
            self._file(path, path.name, named=True)

    def _folder(self, folder: Path, root: Path) -> Iterator[Path]:
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            self._skip(folder, f"not readable ({error.strerror})")
            return
        for entry in entries:
            path = folder / entry.name
            if reason := _unwanted(entry, root):
                self._skip(path, reason)
            elif entry.is_dir():
                yield from self._folder(path, root)
            else:
                yield path

    def _file(self, path: Path, name: str, *, named: bool) -> None:
        try:
            real = path.resolve()
            size, reason = _examine(path, self.limit)
        except OSError as error:
            self._skip(path, f"not readable ({error.strerror})", named=named)
            return
        if real in self._seen:
            self._skip(path, "named before")
        elif reason := reason or self._against(name):
            self._skip(path, reason, named=named)
        else:
            self._seen.add(real)
            self._names[name] = path
            self.files.append(Found(path, name, size))

    def _against(self, name: str) -> str | None:
        """Say why a document can't have this name; None where it can."""
        try:
            name.encode()
        except UnicodeEncodeError:
            return "its name is not valid UTF-8"
        if name in self._names:
            return f"its name is taken by {self._names[name]}; ingest the folder above both"
        return None

    def _skip(self, path: Path, reason: str, *, named: bool = False) -> None:
        self.skipped.append(Skipped(path, reason, named))


def _unwanted(entry: "os.DirEntry[str]", root: Path) -> str | None:
    """Say why an entry of a folder is left out by its name or kind; None where it is not."""
    if entry.name.startswith("."):
        return "hidden"
    if entry.is_symlink():
        target = Path(entry.path).resolve()
        if not target.exists():
            return "a link to nothing"
        if not target.is_relative_to(root):
            return "a link that leads out of the folder"
        return "a link to a folder of the same tree" if target.is_dir() else None
    if entry.is_dir() and entry.name in _JUNK:
        mark = _JUNK[entry.name]
        return "made by tools" if mark is None or Path(entry.path, mark).exists() else None
    return None


def _examine(path: Path, limit: int) -> tuple[int, str | None]:
    """Give the size of a file, and the reason against it if there is one."""
    state = path.stat()
    if not stat.S_ISREG(state.st_mode):
        return 0, "not a regular file"
    if state.st_size == 0:
        return 0, "empty"
    if state.st_size > limit:
        return state.st_size, f"{size_text(state.st_size)}, more than {size_text(limit)}"
    with path.open("rb") as file:
        return state.st_size, _by_content(file.read(_HEAD), path.suffix.lower())


def _by_content(head: bytes, suffix: str) -> str | None:
    """Say why bytes don't look like text, PDF or DOCX; None where they do."""
    is_docx = head.startswith(_ZIP) and (b"word/" in head or suffix == ".docx")
    if is_docx or head.startswith(_PDF):
        return None
    for signature, reason in _SIGNATURES:
        if head.startswith(signature):
            return reason
    if head.startswith(_WIDE_MARKS):
        return None
    controls = sum(byte < 32 and byte not in _TEXT_CONTROLS for byte in head)
    if 0 in head or controls > len(head) // 20:
        return "binary, not text"
    return "blank" if not head.strip() and len(head) < _HEAD else None
