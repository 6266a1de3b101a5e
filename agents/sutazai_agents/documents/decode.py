"""Bytes to text: by byte order mark, UTF-8, what an HTML page declares, or by likeness."""

import codecs
import re

from sutazai_agents.documents.kinds import looks_like, refuse_signature
from sutazai_contracts.errors import UnreadableDocument

_MARKS = (  # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_HTML_CHARSET = re.compile(rb"<meta\b[^>]{0,500}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.I)
_HTML_HEAD = 4096
# What pages are in; Python knows stranger codecs. One that calls itself UTF-16 can't be.
_PAGE_ENCODINGS = (
    *("utf-8", "cp125", "cp874", "cp866", "cp932", "cp949", "iso8859", "iso2022_jp", "koi8"),
    *("gb", "big5", "euc_", "shift_jis", "mac-"),
)
# Encodings old files really have, likelier ones first, to choose by where their likeness is equal.
_CANDIDATES = [
    *("cp1252", "cp932", "euc_jp", "gb18030", "big5", "cp949", "cp1251", "koi8_r", "cp1250"),
    *("cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp874", "cp1258"),
]
_SAMPLE = 64 * 1024
_FEWEST_PAIRS = 4
# Controls that text does hold: tab, line feed, vertical tab, form feed, carriage return, and
# backspace and escape of terminals.
_CONTROLS = re.compile("[\x00-\x07\x0e-\x1a\x1c-\x1f\x7f]")


def decode(data: bytes) -> str:
    r"""Turn the bytes of a document into text with `\n` at the ends of lines.

    Raises:
        UnreadableDocument: they are no text, nothing but white space, or of no encoding that can
            be told; says which.
    """
    text = _decoded(data).replace("\r\n", "\n").replace("\r", "\n")
    if not text or text.isspace():
        raise UnreadableDocument("The document is empty: there is nothing but white space.")
    return text


def _decoded(data: bytes) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _checked(data[len(mark) :].decode(encoding, "replace"))
    refuse_signature(data)
    if (wide := _wide(data)) is not None:
        return _checked(data.decode(wide, "replace"))
    if b"\x00" in data:
        raise looks_like("a binary file")
    if data.isascii() or (utf8 := _utf8(data)) is None:
        return _checked(_declared(data) or _likeliest(data))
    return _checked(utf8)


def _checked(text: str) -> str:
    """Refuse what decodes but is no text: many control characters, or one that no text holds."""
    controls = len(_CONTROLS.findall(text))
    if controls > len(text) // 50 + 4 or "\x00" in text:
        raise looks_like("a binary file")
    return text


def _wide(data: bytes) -> str | None:
    """Tell UTF-16 without its mark: one byte of nearly every pair is zero, the other never."""
    sample = data[: _SAMPLE - _SAMPLE % 2]
    pairs = len(sample) // 2
    if len(data) % 2 or pairs < _FEWEST_PAIRS:
        return None
    zeros = (sample[0::2].count(0), sample[1::2].count(0))
    for encoding, high, low in (("utf-16-be", *zeros), ("utf-16-le", *zeros[::-1])):
        if low == 0 and high * 10 >= pairs * 7:
            return encoding
    return None


def _utf8(data: bytes) -> str | None:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
    # A few broken bytes among many sound characters: UTF-8 that was cut or damaged.
    broken = text.count("\ufffd")
    sound = sum(map(len, re.findall("[^\x00-\x7f\ufffd]+", text)))
    return text if sound >= 20 * broken else None


def _declared(data: bytes) -> str | None:
    """Decode as the page says it is, where it does and a page may (HTML standard, §13.2.3.2)."""
    found = _HTML_CHARSET.search(data[:_HTML_HEAD])
    if not found:
        return None
    name = found[1].decode("ascii").lower()
    # The standard reads these labels as Windows-1252.
    aliases = {"iso-8859-1": "cp1252", "latin1": "cp1252", "us-ascii": "cp1252", "ascii": "cp1252"}
    try:
        encoding = codecs.lookup(aliases.get(name, name)).name
    except LookupError:
        return None
    if not encoding.startswith(_PAGE_ENCODINGS):
        return None
    text, broken = _lenient(data, encoding)
    return text if broken * 20 <= len(text) else None


def _lenient(data: bytes, encoding: str) -> tuple[str, int]:
    text = data.decode(encoding, "replace")
    return text, text.count("\ufffd")


def _likeliest(data: bytes) -> str:
    if data.isascii():
        return data.decode("ascii")
    # Imported where it is needed: few documents are in an encoding that must be guessed.
    from charset_normalizer import from_bytes

    sample = _sample(data)
    matches = list(from_bytes(sample, cp_isolation=_CANDIDATES))
    if matches:
        chaos = min(match.chaos for match in matches) + 0.02
        sound = [match for match in matches if match.chaos <= chaos]
        likeness = max(match.coherence for match in sound) - 0.05
        alike = [match for match in sound if match.coherence >= likeness]
        names = {name for match in alike for name in match.could_be_from_charset}
        for encoding in filter(names.__contains__, _CANDIDATES):
            text, broken = _lenient(data, encoding)
            if broken * 100 <= len(text):
                return text
    raise UnreadableDocument(
        "The character encoding of this document can't be told; save it as UTF-8 and try again."
    )


def _sample(data: bytes) -> bytes:
    """Take whole lines from the first byte that is no ASCII: what tells encodings apart."""
    first = re.search(rb"[\x80-\xff]", data)
    start = max(0, first.start() - 256) if first else 0
    sample = data[start : start + _SAMPLE]
    return sample[: sample.rfind(b"\n") + 1] or sample
