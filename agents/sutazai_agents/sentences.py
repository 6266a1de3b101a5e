"""Cut text into pieces at its own seams: lines, sentences, words, characters."""

import re
import unicodedata
from collections.abc import Iterator

Span = tuple[int, int]

# Marks that end a sentence before white space, with what may close after them. The lookbehind
# and the possessive quantifiers keep it linear on long runs of marks.
_END = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’»)\]*_`]*+(?=\s)")
# Marks of scripts that write no space between sentences.
_WIDE_END = re.compile("(?<![。！？｡])[。！？｡]++[」』）”’]*+")
_ABBREVIATIONS = frozenset(
    str.split(
        "al approx art bzw ca cf chap co corp dept dr ed eds e.g eq est etc ex fig figs gen "
        "gov i.e inc incl jr lt ltd max min mr mrs ms mt no nos nr op p para pp prof ref refs "
        "resp rev sec sgt sr st str tab u.a usw v vol vs z.b"
    )
)
_WORDS = re.compile(r"\S++")
_JOINERS = "\u200d\ufe0e\ufe0f"


def sentences(text: str, start: int, end: int) -> Iterator[Span]:
    """Give the sentences at `start:end`, without gaps: white space belongs to the one before."""
    begin = start
    for stop in _sentence_ends(text, start, end):
        if stop > begin:
            yield begin, stop
            begin = stop
    if begin < end:
        yield begin, end


def _sentence_ends(text: str, start: int, end: int) -> list[int]:
    ends = [match.end() for match in _WIDE_END.finditer(text, start, end)]
    for match in _END.finditer(text, start, end):
        following = match.end()
        while following < end and text[following].isspace():
            following += 1
        if following < end and _ends_sentence(text, start, match, following):
            ends.append(following)
    return sorted(ends)


def _ends_sentence(text: str, start: int, mark: re.Match[str], following: int) -> bool:
    # A sentence begins with neither a small letter nor a closing or joining sign.
    if text[following].islower() or text[following] in ",;:)]}–—":
        return False
    if not mark[0].startswith(".") or mark[0].startswith(".."):
        return True
    before = text[max(start, mark.start() - 12) : mark.start()]
    word = re.split(r"[\s(\[\"'“‘/]", before)[-1]
    is_initial = len(word) == 1 and word.isalpha() and word.isupper()
    is_number_of_list = word.isdigit() and mark.start() - len(word) <= start
    return not (is_initial or is_number_of_list or word.lower() in _ABBREVIATIONS)


def whole_lines(text: str, start: int, end: int) -> Iterator[Span]:
    """Give the lines at `start:end`, each with its end of line."""
    begin = start
    while begin < end:
        newline = text.find("\n", begin, end)
        stop = end if newline < 0 else newline + 1
        yield begin, stop
        begin = stop


def words(text: str, start: int, end: int) -> Iterator[Span]:
    """Give the words at `start:end`, each with the white space before it."""
    begin = start
    for match in _WORDS.finditer(text, start, end):
        yield begin, match.end()
        begin = match.end()
    if begin < end:
        yield begin, end


def characters(text: str, start: int, end: int, size: int) -> Iterator[Span]:
    """Give pieces of about `size` characters; what is drawn as one character stays together."""
    begin = start
    while begin < end:
        stop = min(begin + size, end)
        while begin + 1 < stop < end and _joined(text, stop):
            stop -= 1
        yield begin, stop
        begin = stop


def _joined(text: str, at: int) -> bool:
    following = text[at]
    return (
        following in _JOINERS
        or text[at - 1] == "\u200d"
        or unicodedata.combining(following) != 0
        or "\U0001f3fb" <= following <= "\U0001f3ff"
    )
