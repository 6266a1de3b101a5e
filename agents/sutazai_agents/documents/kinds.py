"""What a document is, told by its first bytes; what is not read is refused in words."""

from sutazai_contracts.errors import UnreadableDocument

READ = "text, Markdown, HTML, PDF, Word (DOCX), CSV, JSON and source code are read"
_ARCHIVES = "archives are not opened yet; upload the files in it"
_SCANS = "there is no text recognition (OCR) yet"

# How kinds of files begin (https://en.wikipedia.org/wiki/List_of_file_signatures), in the words
# of the message, and what to do about it.
_SIGNATURES = (
    (b"{\\rtf", "an RTF document", "save it as DOCX or PDF"),
    (b"%!PS", "a PostScript document", "save it as PDF"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image", _SCANS),
    (b"\xff\xd8\xff", "a JPEG image", _SCANS),
    (b"GIF87a", "a GIF image", _SCANS),
    (b"GIF89a", "a GIF image", _SCANS),
    (b"II*\x00", "a TIFF image", _SCANS),
    (b"MM\x00*", "a TIFF image", _SCANS),
    (b"RIFF", "an image, sound or film", READ),
    (b"OggS", "a sound or film", READ),
    (b"ID3", "a sound", READ),
    (b"fLaC", "a sound", READ),
    (b"\x1a\x45\xdf\xa3", "a film", READ),
    (b"\x7fELF", "a program", READ),
    (b"MZ\x90\x00", "a program", READ),
    (b"\xca\xfe\xba\xbe", "a program", READ),
    (b"\x00asm", "a program", READ),
    (b"\x1f\x8b", "a gzip archive", _ARCHIVES),
    (b"BZh", "a bzip2 archive", _ARCHIVES),
    (b"\xfd7zXZ\x00", "an xz archive", _ARCHIVES),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive", _ARCHIVES),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", _ARCHIVES),
    (b"Rar!\x1a\x07", "a RAR archive", _ARCHIVES),
    (b"SQLite format 3\x00", "a database", READ),
)
# Two letters and a number begin many texts too; these count only where the bytes are no text.
_WEAK = (b"RIFF", b"OggS", b"ID3", b"BZh", b"fLaC")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_TAR_AT = 257
# A PDF may begin with other bytes (PDF 1.7, annex H, note 13: within the first 1024).
_PDF_WITHIN = 1024
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_PARTS = (
    ("word/", "a Word document of an unknown kind", "save it as DOCX"),
    ("xl/", "an Excel workbook", "save its sheets as CSV"),
    ("ppt/", "a PowerPoint presentation", "save it as PDF"),
    ("content.xml", "an OpenDocument file", "save it as DOCX or PDF"),
    ("META-INF/container.xml", "an EPUB book", "save it as PDF"),
)


def is_pdf(data: bytes) -> bool:
    """Tell a PDF, also where something else stands before it."""
    return data.startswith(b"%PDF-") or (
        b"%PDF-" in data[:_PDF_WITHIN] and b"%%EOF" in data[-_PDF_WITHIN:]
    )


def is_zip(data: bytes) -> bool:
    """Tell a zip file, which documents of Word are too."""
    return data.startswith(_ZIP)


def refuse_signature(data: bytes) -> None:
    """Refuse what begins like a file that is no text.

    Raises:
        UnreadableDocument: says what it looks like and what to do.
    """
    binary = b"\x00" in data
    for signature, words, advice in _SIGNATURES:
        if data.startswith(signature) and (binary or signature not in _WEAK):
            raise looks_like(words, advice)
    if data.startswith(_OLE):
        raise _old_office(data)
    if data[_TAR_AT : _TAR_AT + 5] == b"ustar" and binary:
        raise looks_like("a tar archive", _ARCHIVES)


def looks_like(words: str, advice: str = READ) -> UnreadableDocument:
    """Make the error that says what a document looks like and what to do about it."""
    return UnreadableDocument(f"This looks like {words}; {advice}.")


def zip_without_document(names: set[str]) -> UnreadableDocument:
    """Make the error for a zip file that is no document of Word, by the names of its parts."""
    for part, words, advice in _PARTS:
        if any(name.startswith(part) for name in names):
            return looks_like(words, advice)
    return looks_like("a zip archive", _ARCHIVES)


def _old_office(data: bytes) -> UnreadableDocument:
    if "EncryptedPackage".encode("utf-16-le") in data:
        return looks_like(
            "an Office document with a password", "remove the password and upload it again"
        )
    return looks_like("an old Office document", "save it as DOCX or PDF")
