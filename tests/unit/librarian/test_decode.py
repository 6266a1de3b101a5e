"""Bytes become text by what they are; what is no text is refused in words."""

import codecs
import os

import pytest

from sutazai_agents.documents.decode import decode
from sutazai_contracts.errors import UnreadableDocument

TEXT = "Grüße, 世界 👋🏽\nsecond line"
OLD = {
    "cp1252": "Voilà l’été : le garçon a mangé une crêpe « à la fraise », très sucrée, à Chambéry.",
    "latin-1": "Größe und Maß: Übermäßig große Bäume stören die Fußgänger in der Straße.",
    "cp1251": "Съешь ещё этих мягких французских булок, да выпей чаю. Старая кодировка.",
    "koi8-r": "Съешь ещё этих мягких французских булок, да выпей чаю. Старая кодировка.",
    "cp1250": "Zażółć gęślą jaźń. Wszystkie polskie znaki w jednym zdaniu, proszę.",
    "cp1253": "Αυτό είναι ένα ελληνικό κείμενο σε παλιά κωδικοποίηση.",
    "shift_jis": "これは日本語の文書です。文字コードはシフトJISで書かれています。",
    "euc_jp": "これは日本語の文書です。文字コードはEUCで書かれています。検索できますか。",
    "gbk": "这是一个中文文档，使用国标编码。我们希望能够搜索它的内容。",
    "big5": "這是一個中文文件，使用大五碼。我們希望能夠搜尋它的內容。",
    "euc_kr": "이것은 한국어 문서입니다. 인코딩은 완성형입니다.",
}
ARCHIVE = "archives are not opened yet; upload the files in it"
OCR = "there is no text recognition (OCR) yet"
READ = "text, Markdown, HTML, PDF, Word (DOCX), CSV, JSON and source code are read"
BINARIES = {
    b"\x89PNG\r\n\x1a\n\x00\x00": f"a PNG image; {OCR}",
    b"\xff\xd8\xff\xe0\x00\x10JFIF": f"a JPEG image; {OCR}",
    b"\x7fELF\x02\x01\x01\x00": f"a program; {READ}",
    b"\x1f\x8b\x08\x00": f"a gzip archive; {ARCHIVE}",
    b"7z\xbc\xaf\x27\x1c\x00": f"a 7z archive; {ARCHIVE}",
    b"Rar!\x1a\x07\x01\x00": f"a RAR archive; {ARCHIVE}",
    b"BZh91AY&SY\x00": f"a bzip2 archive; {ARCHIVE}",
    b"a.txt" + bytes(252) + b"ustar\x0000" + bytes(200): f"a tar archive; {ARCHIVE}",
    b"{\\rtf1\\ansi hello}": "an RTF document; save it as DOCX or PDF",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00": "an old Office document; save it as DOCX or PDF",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"): (
        "an Office document with a password; remove the password and upload it again"
    ),
    b"SQLite format 3\x00": f"a database; {READ}",
    b"RIFF\x24\x00\x00\x00WAVE": f"an image, sound or film; {READ}",
    b"some text, then \x00\x00 zeros": f"a binary file; {READ}",
    bytes(range(1, 9)) * 50: f"a binary file; {READ}",
}


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"", "utf-8"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_unicode_with_and_without_a_mark(mark: bytes, encoding: str) -> None:
    assert decode(mark + TEXT.encode(encoding)) == TEXT


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_told_without_a_mark(encoding: str) -> None:
    text = "A line of Grüße and 世界.\n" * 4
    assert decode(text.encode(encoding)) == text
    with pytest.raises(UnreadableDocument, match="a binary file"):
        decode(b"x" + text.encode(encoding))


@pytest.mark.parametrize("encoding", OLD)
def test_old_encodings_are_recognised(encoding: str) -> None:
    assert decode(OLD[encoding].encode(encoding)) == OLD[encoding]


def test_a_few_letters_are_western() -> None:
    assert decode("café".encode("cp1252")) == "café"


def test_letters_that_come_late_are_seen() -> None:
    text = "plain words of no help\n" * 20_000 + OLD["cp1251"] + "\n"
    assert decode(text.encode("cp1251")) == text


def test_one_broken_byte_does_not_change_the_encoding() -> None:
    text = "Ещё раз: длинный текст в UTF-8.\n" * 20
    assert decode(text.encode() + b"\xff end") == text + "\ufffd end"


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        ('<meta charset="windows-1251">', "cp1251"),
        ("<META CHARSET=koi8-r>", "koi8-r"),
        (
            '<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1">',
            "cp1252",
        ),
        ('<meta charset="iso-2022-jp">', "iso2022_jp"),
    ],
)
def test_a_page_says_its_encoding(head: str, encoding: str) -> None:
    words = {"cp1252": "naïve “quotes”", "iso2022_jp": "日本語"}.get(encoding, "Да")
    page = f"<html><head>{head}</head><body>{words}</body></html>"
    assert decode(page.encode(encoding)) == page


@pytest.mark.parametrize("name", ["utf-16", "no-such-thing", "unicode_escape", "hex", "cp1251"])
def test_a_page_that_says_what_it_is_not_is_read_as_it_is(name: str) -> None:
    page = f'<html><head><meta charset="{name}"></head><body>Ещё \\ud800</body></html>'
    assert decode(page.encode()) == page
    plain = page.replace("Ещё", "more")
    assert decode(plain.encode()) == plain


@pytest.mark.parametrize(("data", "kind"), BINARIES.items(), ids=BINARIES.values())
def test_what_is_no_text_is_refused_by_name(data: bytes, kind: str) -> None:
    with pytest.raises(UnreadableDocument) as refused:
        decode(data)
    assert refused.value.message == f"This looks like {kind}."


@pytest.mark.parametrize(
    "data", [b"BZh is how some words begin", b"ID3: three ideas", b"RIFF raff"]
)
def test_text_may_begin_as_binaries_do(data: bytes) -> None:
    assert decode(data) == data.decode()


def test_noise_has_no_encoding() -> None:
    noise = bytes(byte or 1 for byte in os.urandom(4000))
    with pytest.raises(UnreadableDocument):
        decode(noise)


@pytest.mark.parametrize("data", [b"", b" \r\n\t ", codecs.BOM_UTF8, "\u00a0\u2003\n".encode()])
def test_nothing_but_white_space_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableDocument, match="empty"):
        decode(data)


def test_ends_of_lines_are_one_kind_and_all_else_is_kept() -> None:
    given = "a\r\nb\rc\nd\u2028e\u200b\u202ef \t\f\x1b[31mred"
    assert decode(given.encode()) == "a\nb\nc\nd\u2028e\u200b\u202ef \t\f\x1b[31mred"
