"""DOCX (ECMA-376, WordprocessingML): paragraphs, headings, lists and tables as they are read.

The parts are streamed through expat with a bound on what they expand to; a document type
declaration, which Word never writes and entity bombs need, is refused.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from xml.parsers import expat

from sutazai_agents.documents.docx_body import Body
from sutazai_agents.documents.docx_styles import Numbering, Styles
from sutazai_agents.documents.kinds import zip_without_document
from sutazai_agents.documents.parsed import Parsed, shorten
from sutazai_contracts.errors import UnreadableDocument

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_MOST_BYTES = 256 * 1024 * 1024
_MOST_PARTS = 20_000
_BLOCK = 64 * 1024
_MAIN = "word/document.xml"

Start = Callable[[str, dict[str, str]], None]
End = Callable[[str], None]
Text = Callable[[str], None]


def parse_docx(data: bytes) -> Parsed:
    """Read a document of Word.

    Raises:
        UnreadableDocument: the zip file is another kind, broken, has a password or is a bomb.
    """
    with _zip_errors(), zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = set(archive.namelist())
        if _MAIN not in names or len(names) > _MOST_PARTS:
            raise zip_without_document(names)
        package = _Package(archive, names)
        styles, numbering, title = Styles(), Numbering(), _Title()
        package.read("word/styles.xml", styles.start, styles.end)
        package.read("word/numbering.xml", numbering.start, numbering.end)
        package.read("docProps/core.xml", title.start, title.end, title.text)
        body = Body(styles, numbering)
        package.read(_MAIN, body.start, body.end, body.text)
        body.notes_follow()
        package.read("word/footnotes.xml", body.start, body.end, body.text)
        package.read("word/endnotes.xml", body.start, body.end, body.text)
    text = body.joined()
    named = shorten(" ".join(title.value.split())) or body.title
    return Parsed(text, MEDIA_TYPE, named, tuple(body.page.blocks))


@contextmanager
def _zip_errors() -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, struct.error) as exc:
        raise UnreadableDocument(
            "The document is broken or cut off: it can't be unpacked. Save or download it again."
        ) from exc
    except (RuntimeError, NotImplementedError) as exc:  # how zipfile says so
        raise UnreadableDocument(
            "The document is encrypted or packed in a way that is not read: save it again as DOCX."
        ) from exc
    except expat.ExpatError as exc:
        raise UnreadableDocument(
            "The document is broken: its XML can't be read. Save it again as DOCX."
        ) from exc


class _Package:
    """The parts of a document, with a bound on what all of them expand to."""

    def __init__(self, archive: zipfile.ZipFile, names: set[str]) -> None:
        self._archive, self._names = archive, names
        self._left = _MOST_BYTES

    def read(self, name: str, start: Start, end: End, text: Text | None = None) -> None:
        """Stream a part's XML to handlers; one that is not there has nothing to say."""
        if name not in self._names:
            return
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.StartElementHandler = start
        parser.EndElementHandler = end
        if text is not None:
            parser.CharacterDataHandler = text
        with self._archive.open(name) as part:
            while block := part.read(_BLOCK):
                self._left -= len(block)
                if self._left < 0:
                    raise UnreadableDocument(
                        f"The document unpacks to more than {_MOST_BYTES >> 20} MiB of XML: "
                        "it may be made to do harm. Split it if it is not."
                    )
                parser.Parse(block)
        parser.Parse(b"", True)


def _refuse_doctype(*_: object) -> None:
    raise UnreadableDocument(
        "The document declares XML entities, which Word never does: it may be made to do harm."
    )


class _Title:
    """The title among a document's properties (Dublin Core)."""

    def __init__(self) -> None:
        self.value = ""
        self._inside = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._inside = name.endswith("dc/elements/1.1/ title")

    def end(self, name: str) -> None:
        self._inside = False

    def text(self, data: str) -> None:
        if self._inside and len(self.value) < 1000:
            self.value += data
