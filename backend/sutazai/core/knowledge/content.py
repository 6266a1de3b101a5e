"""Uploaded bytes: taken in aside, and looked at before anything of them is kept."""

import asyncio
import codecs
import errno
import hashlib
import os
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, NoReturn

from sutazai_contracts.errors import FilesUnavailable, InvalidInput, UnreadableDocument

_PART = 1024 * 1024
_HEAD = 64 * 1024
_CONTROL_SHARE = 10  # one in so many
# What text holds of them: backspace, tab, line feed, vertical tab, form feed, return, escape.
_CONTROLS = bytes({*range(32), 127} - {8, 9, 10, 11, 12, 13, 27})
# Neither white space nor one of the characters without width that go with it.
_VISIBLE = re.compile(r"[^\s\u00ad\u180e\u200b-\u200f\u2060-\u2064\ufeff]")
_WIDE_MARKS = (  # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
# How kinds of files begin (https://en.wikipedia.org/wiki/List_of_file_signatures).
_SIGNATURES = (
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF87a", "a GIF image"),
    (b"GIF89a", "a GIF image"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x7fELF", "a program (ELF)"),
    (b"\xca\xfe\xba\xbe", "a program"),
    (b"SQLite format 3\x00", "an SQLite database"),
)
# These begin texts too, so they only name what has been found to be binary.
_WEAK_SIGNATURES = (
    (b"MZ", "a program (Windows)"),
    (b"BZh", "a bzip2 archive"),
    (b"RIFF", "an image, sound or film"),
    (b"OggS", "a sound or film"),
    (b"ID3", "a sound"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
)
_PDF = b"%PDF-"
_ZIP = b"PK\x03\x04"
# Names stand before their parts, and all of them at the end of the archive.
_MAIN_PART_OF_DOCX = b"word/document.xml"
_PARTS_OF_ARCHIVES = (
    (b"xl/", "an Excel workbook"),
    (b"ppt/", "a PowerPoint presentation"),
    (b"mimetypeapplication/vnd.oasis.opendocument", "an OpenDocument file"),
    (b"mimetypeapplication/epub+zip", "an EPUB book"),
)


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes of an upload, kept aside until the upload ends."""

    sha256: str
    size: int
    file: IO[bytes]

    async def parts(self) -> AsyncIterator[bytes]:
        """Give the bytes from their start, at most 1 MiB at once."""
        with _mapped():
            await asyncio.to_thread(self.file.seek, 0)
            while part := await asyncio.to_thread(self.file.read, _PART):
                yield part


@asynccontextmanager
async def taken_in(name: str, parts: AsyncIterator[bytes]) -> AsyncIterator[Content]:
    """Take in an upload and see that it may be read; in memory up to 1 MiB, else on the disk.

    Text, PDF and DOCX may; whether they can be is for the librarian to find out, in a process
    that can be killed.

    Raises:
        InvalidInput: there is nothing but white space in it.
        UnreadableDocument: it is of no kind that is read; says what it looks like.
        FilesUnavailable: there is no room for it.
    """
    with SpooledTemporaryFile(max_size=_PART) as file:
        digest, size, waiting = hashlib.sha256(), 0, bytearray()
        async for part in parts:
            digest.update(part)
            size += len(part)
            waiting += part
            if len(waiting) >= _PART:
                await asyncio.to_thread(_write, file, waiting)
                waiting = bytearray()
        await asyncio.to_thread(_write, file, waiting)
        await asyncio.to_thread(_inspect, name, file)
        yield Content(digest.hexdigest(), size, file)


def _write(file: IO[bytes], data: bytearray) -> None:
    with _mapped():
        file.write(data)


def _inspect(name: str, file: IO[bytes]) -> None:
    """Refuse what is empty or binary, by its beginning and by the whole."""
    with _mapped():
        file.seek(0)
        head = file.read(_HEAD)
        if head.startswith(_PDF) or _is_docx(head, file):
            return
        wide = next((encoding for mark, encoding in _WIDE_MARKS if head.startswith(mark)), None)
        if wide is None:
            _refuse_signature(name, head, _SIGNATURES)
        texts = _parts(head, file) if wide is None else _decoded(name, head, file, wide)
        blank = _count(name, head, texts)
    if blank:
        raise InvalidInput(f"{name} is empty: there is nothing but white space in it", field="file")


def _is_docx(head: bytes, file: IO[bytes]) -> bool:
    """Tell a document of Word by the name of its main part; leaves the file after its head."""
    if not head.startswith(_ZIP):
        return False
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _HEAD))
    tail = file.read(_HEAD)
    file.seek(len(head))
    return _MAIN_PART_OF_DOCX in head or _MAIN_PART_OF_DOCX in tail


def _count(name: str, head: bytes, texts: Iterator[bytes]) -> bool:
    """Count controls as parts go by, the first of which is the head; tell whether all is blank."""
    length = controls = 0
    blank, decoder = True, codecs.getincrementaldecoder("utf-8")("replace")
    for number, text in enumerate(texts):
        length += len(text)
        controls += len(text) - len(text.translate(None, _CONTROLS))
        blank = blank and not _VISIBLE.search(decoder.decode(text))
        if b"\x00" in text or (number == 0 and controls * _CONTROL_SHARE > length):
            _refuse_binary(name, head)
    if controls * _CONTROL_SHARE > length:
        _refuse_binary(name, head)
    return blank and not decoder.decode(b"", final=True)


def _parts(head: bytes, file: IO[bytes]) -> Iterator[bytes]:
    yield head.removeprefix(codecs.BOM_UTF8)
    while part := file.read(_PART):
        yield part


def _decoded(name: str, head: bytes, file: IO[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for part in _parts(head, file):
            yield decoder.decode(part).encode()
        decoder.decode(b"", final=True)
    except UnicodeError as exc:
        raise UnreadableDocument(
            f"{name} begins like {encoding} text and is not: {_READ}", field="file"
        ) from exc


_READ = "text, Markdown, HTML, PDF, Word (DOCX), CSV, JSON and source code can be read"
_ARCHIVES = "archives are not opened yet; upload the files in it"


def _refuse_binary(name: str, head: bytes) -> NoReturn:
    _refuse_signature(name, head, _WEAK_SIGNATURES)
    raise UnreadableDocument(
        f"{name} looks like a binary file; {_READ}. Text in UTF-16 needs its byte order mark.",
        field="file",
    )


def _refuse_signature(name: str, head: bytes, known: tuple[tuple[bytes, str], ...]) -> None:
    for signature, words in known:
        if head.startswith(signature):
            inside = (what for part, what in _PARTS_OF_ARCHIVES if part in head)
            found = next(inside, words) if signature == _ZIP else words
            advice = _ARCHIVES if "archive" in found else _READ
            raise UnreadableDocument(f"{name} looks like {found}; {advice}", field="file")


@contextmanager
def _mapped() -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise FilesUnavailable(no_room(exc)) from exc


def no_room(error: OSError) -> str:
    """Say why an upload can't be kept aside, in words for a person."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "The upload can't be kept aside: the disk for temporary files is full."
    return f"The upload can't be kept aside: {error.strerror or error}."
