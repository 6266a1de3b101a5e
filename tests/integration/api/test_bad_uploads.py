"""Uploads that are refused: what is no document, no form, or no name. Nothing of them is kept."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.integration.api.answers import assert_problem, upload
from tests.integration.api.kept import nothing_kept
from tests.integration.api.running import Running

DOCUMENTS = "/api/v1/collections/default/documents"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4
# A program's head, a workbook's beginning, an archive's head, text in UTF-16 without its mark.
CONTENTS = {
    "empty": b"",
    "white space": b" \n\t\r\n  \n" * 50,
    "byte order mark alone": b"\xef\xbb\xbf",
    "NUL": b"plain text\x00and more",
    "NUL late": b"words " * 20_000 + b"\x00",
    "PNG": PNG,
    "ELF": b"\x7fELF\x02\x01\x01" + b"\x00" * 40,
    "zip": b"PK\x03\x04\x14\x00\x00\x00\x08\x00xl/workbook.xml",
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03abc",
    "controls": bytes(range(1, 9)) * 100,
    "UTF-16 without a mark": "plain text".encode("utf-16-le"),
    "half of UTF-16": b"\xff\xfeab\x00\xd8",
}
NAMES = {
    "up": "../x.md",
    "folder": "a/b.txt",
    "two dots": "..",
    "dot": ".",
    "drive": "C:\\x.txt",
    "backslash": "a\\b.txt",
    "server": "\\\\server\\share\\x.txt",
    "absolute": "/etc/passwd",
    "long": "x" * 300,
    "blank": "  ",
    "leading space": " a.txt",
    "NUL": "a\x00.txt",
    "line break": "a\nb.txt",
    "delete": "a\x7f.txt",
    "line separator": "a\u2028b.txt",
}


@pytest.fixture(scope="module")
def client(platform: Running) -> Iterator[httpx2.Client]:
    """Open a client of a tenant of whose uploads nothing is left at the end."""
    tenant = platform.new_tenant()
    with nothing_kept(platform, tenant), platform.client(tenant) as opened:
        yield opened


@pytest.mark.parametrize("what", CONTENTS)
def test_content_that_is_no_text_is_refused(client: httpx2.Client, what: str) -> None:
    answer = upload(client, "notes.txt", CONTENTS[what], media_type="text/plain")
    code = answer.json()["code"]
    assert code in {"invalid_input", "unreadable_document"}
    problem = assert_problem(answer, 422, code, "file")
    assert "notes.txt" in problem["detail"]


@pytest.mark.parametrize("what", NAMES)
def test_name_that_is_a_path_or_none_is_refused(client: httpx2.Client, what: str) -> None:
    name = NAMES[what].encode()
    answer = send_parts(client, b'form-data; name="file"; filename="' + name + b'"')
    assert_problem(answer, 422, "invalid_input", "file")


def send_parts(client: httpx2.Client, *dispositions: bytes, end: bytes = b"--b--\r\n") -> Any:
    """Send a form of which each part has the disposition given and a little text."""
    parts = [
        b"--b\r\nContent-Disposition: " + disposition + b"\r\n\r\nsome text\r\n"
        for disposition in dispositions
    ]
    headers = {"content-type": "multipart/form-data; boundary=b"}
    return client.post(DOCUMENTS, content=b"".join(parts) + end, headers=headers)


@pytest.mark.parametrize(
    ("dispositions", "field"),
    [
        ([], "file"),
        ([b'form-data; name="file"'], "file"),
        ([b'form-data; name="document"; filename="a.txt"'], "document"),
        ([b'form-data; name="file"; filename="a.txt"', b'form-data; name="tag"'], "tag"),
        ([b'form-data; name="file"; filename="a.txt"'] * 2, "file"),
        ([b'form-data; name="file"; filename="a.txt"', b'form-data; name="file"'], "file"),
        ([b'form-data; name="file"; filename=""'], "file"),
        ([b'form-data; name=""; filename="a.txt"'], "file"),
        ([b'form-data; name="file"; filename="\xff.txt"'], "file"),
        ([b'form-data; name="\xff\xfe"; filename="a.txt"'], "ÿþ"),
        ([b'form-data; filename="a.txt"'], "file"),
        ([b'form-data; name="tag"'] * 9, "file"),
    ],
    ids=[
        *("no part", "no file name", "wrong field", "another field", "two files", "file and text"),
        *(
            "empty name",
            "nameless field",
            "name not UTF-8",
            "field of odd bytes",
            "no field",
            "many fields",
        ),
    ],
)
def test_form_without_just_one_file_is_refused(
    client: httpx2.Client, dispositions: list[bytes], field: str
) -> None:
    assert_problem(send_parts(client, *dispositions), 422, "invalid_input", field)


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        (None, b""),
        (None, b"text"),
        ("text/plain", b"text"),
        ("application/json", b'{"file": "text"}'),
        ("application/x-www-form-urlencoded", b"file=text"),
        ("multipart/form-data", b"--b--\r\n"),
        ("multipart/form-data; boundary=b", b""),
        ("multipart/form-data; boundary=b", b"no boundary"),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="file"'),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhalf',
        ),
        ("multipart/form-data; boundary=b", b"--b\r\n: :\r\n\r\n\r\n--b--\r\n"),
    ],
    ids=[
        "nothing",
        "no type",
        "text",
        "JSON",
        "a form",
        "no boundary",
        "empty",
        "not one",
        "cut in a header",
        "cut in the file",
        "bad header",
    ],
)
def test_body_that_is_no_form_is_refused(
    client: httpx2.Client, media_type: str | None, body: bytes
) -> None:
    headers = {"content-type": media_type} if media_type else {}
    answer = client.post(DOCUMENTS, content=body, headers=headers)
    assert_problem(answer, 422, "invalid_input", "file")


@pytest.mark.parametrize(
    ("collection", "status", "code", "field"),
    [
        ("nosuch", 404, "not_found", None),
        ("No%20Such", 422, "invalid_input", "name"),
        ("%00", 422, "invalid_input", "name"),
        ("..%2F..", 404, "not_found", None),
    ],
)
def test_upload_to_no_collection_is_refused(
    client: httpx2.Client, collection: str, status: int, code: str, field: str | None
) -> None:
    assert_problem(upload(client, "a.txt", "text", collection), status, code, field)
