"""Uploads are looked at before they are kept."""

import errno
import gzip
import hashlib
import io
import resource
import zipfile
from collections.abc import AsyncIterator, Iterator

import pytest

from sutazai.core.knowledge.content import taken_in
from sutazai_contracts.errors import FilesUnavailable, InvalidInput, UnreadableDocument

MIB = 1024 * 1024


async def stream(data: bytes, step: int = 64 * 1024) -> AsyncIterator[bytes]:
    for start in range(0, len(data), step):
        yield data[start : start + step]


async def take(data: bytes, step: int = 64 * 1024) -> tuple[str, int, bytes]:
    async with taken_in("a.txt", stream(data, step)) as content:
        again = b"".join([part async for part in content.parts()])
        return content.sha256, content.size, again


def zipped(*names: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), "content")
    return target.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"plain",
        "Grüße, 你好".encode(),
        "Gr\xfc\xdfe in Latin-1".encode("latin-1"),
        "\ufeffwith a mark".encode(),
        "wide \u4f60\n".encode("utf-16"),
        "wider \u4f60\n".encode("utf-32"),
        b"\x1b[31mred\x1b[0m and a form feed\x0c",
        b"MZ is how this begins, BZh too",
        b"%PD",
        b"x" * 2 * MIB + b"\n",
        b"%PDF-1.7\n%\x00\x01\x02",
        zipped("[Content_Types].xml", "word/document.xml"),
        zipped(*(f"{number:0>200}.xml" for number in range(400)), "word/document.xml"),
        "\ufeff".encode("utf-16-le") + ("ü" * MIB).encode("utf-16-le"),
    ],
    ids=lambda data: repr(data[:12]),
)
async def test_what_can_be_read_is_taken_in_whole(data: bytes) -> None:
    assert await take(data) == (hashlib.sha256(data).hexdigest(), len(data), data)


async def test_single_bytes_make_the_same_content() -> None:
    data = "Grüße".encode("utf-16")
    assert await take(data, step=1) == await take(data)


async def test_content_can_be_read_twice() -> None:
    async with taken_in("a.txt", stream(b"twice")) as content:
        for _ in range(2):
            assert [part async for part in content.parts()] == [b"twice"]


@pytest.mark.parametrize("data", [b"", b" \r\n\t ", b"\xef\xbb\xbf", b"\xff\xfe"])
async def test_nothing_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput, match=r"a\.txt is empty") as refused:
        await take(data)
    assert refused.value.field == "file"
    assert refused.value.code == "invalid_input"


# No-break, em and ideographic spaces, separators, and what has no width.
BLANK = "\u00a0 \u2003\n\u3000\u2028\u0085\u200b\u200d\u2060\ufeff\u00ad"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("times", [1, 80_001])  # more than one part, cut within characters
async def test_white_space_of_unicode_is_nothing(encoding: str, times: int) -> None:
    with pytest.raises(InvalidInput, match=r"a\.txt is empty"):
        await take((BLANK * times).encode(encoding))


@pytest.mark.parametrize("end", [b"x", "\u2801".encode(), b"\xc2", b"\xe9"])
async def test_one_character_after_white_space_is_something(end: bytes) -> None:
    data = (BLANK * 80_001).encode() + end
    assert (await take(data))[1] == len(data)


@pytest.mark.parametrize(
    ("data", "looks_like"),
    [
        (zipped("a.txt"), "a ZIP archive; archives are not opened yet; upload the files in it"),
        (zipped("xl/workbook.xml"), "an Excel workbook"),
        (zipped("ppt/slides.xml"), "a PowerPoint presentation"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 20, "a PNG image"),
        (b"\xff\xd8\xff\xe0" + b"\x01" * 20, "a JPEG image"),
        (b"GIF89a" + b"\x01\x00", "a GIF image"),
        (gzip.compress(b"text", mtime=0), "a gzip archive; archives are not opened yet"),
        (b"\x7fELF\x02\x01\x01" + b"\x00" * 9, "a program"),
        (b"MZ\x90\x00\x03", "a program (Windows)"),
        (b"SQLite format 3\x00", "an SQLite database"),
        (b"text\x00text", "a binary file"),
        (b"x" * 70_000 + b"\x00", "a binary file"),
        (b"x" * 3 * MIB + b"\x00", "a binary file"),
        (bytes(range(1, 32)) * 3 + b"some text", "a binary file"),
        (b"\x01" * 10_000 + b"x" * MIB, "a binary file"),
        (b"x" * 70_000 + b"\x02" * 20_000, "a binary file"),
        ("no mark".encode("utf-16-le"), "a binary file"),
        ("\ufeffa\x00b".encode("utf-16-le"), "a binary file"),
    ],
    ids=lambda value: repr(value[:12]),
)
async def test_binary_is_refused_by_what_it_looks_like(data: bytes, looks_like: str) -> None:
    with pytest.raises(UnreadableDocument) as refused:
        await take(data)
    assert refused.value.message.startswith(f"a.txt looks like {looks_like}")
    assert refused.value.field == "file"


@pytest.mark.parametrize(
    "data", [b"\xff\xfeabc", b"\xfe\xff\xd8\x00\x00a", b"\xff\xfe\x00\x00abcd"]
)
async def test_a_mark_must_be_kept_to(data: bytes) -> None:
    with pytest.raises(UnreadableDocument, match=r"begins like UTF-(16|32) text and is not"):
        await take(data)


@pytest.fixture
def no_large_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MIB // 2, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("no_large_files")
async def test_no_room_is_said() -> None:
    with pytest.raises(FilesUnavailable) as failed:
        await take(b"x" * 3 * MIB)
    assert isinstance(failed.value.__cause__, OSError)
    assert failed.value.__cause__.errno == errno.EFBIG
