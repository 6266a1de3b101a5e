"""CSV and its like: each row is written with the names of its columns, so that it can be
understood wherever it is cut out.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice

from sutazai_agents.documents.parsed import Parsed
from sutazai_agents.documents.writing import Writer

_DELIMITERS = (",", "\t", ";", "|")
_NAMES = {".csv": "text/csv", ".tsv": "text/tab-separated-values", ".tab": "text/csv"}
_TEXT_NAMES = {"", ".txt", ".text", ".dat"}
_SAMPLE_ROWS = 50
_SAMPLE = 64 * 1024
_LONGEST_FIELD = 1024 * 1024
_LONGEST_LABEL = 80
_LONGEST_HEADER_CELL = 200
# Without a name that says so, only what can hardly be anything else is a table.
_FEWEST_ROWS = 5
_FEWEST_COLUMNS = 3
_NUMBER = re.compile(r"[-+(]?[$€£]?[\d.,:/ -]*\d[\d.,:/ -]*[%€$]?\)?")


def delimiter_of(text: str, suffix: str) -> str | None:
    """Tell what parts the cells of a table; None where the text is no table.

    Args:
        text: the document.
        suffix: of its name; one of tables lets a looser likeness do.
    """
    named = suffix in _NAMES
    if not named and suffix not in _TEXT_NAMES:
        return None
    best: tuple[int, str] | None = None
    for delimiter in _DELIMITERS:
        columns = _columns(text, delimiter, strict=not named)
        if columns and (best is None or columns > best[0]):
            best = (columns, delimiter)
    return best[1] if best else None


def _columns(text: str, delimiter: str, *, strict: bool) -> int:
    """Count the columns, if most rows of a sample have as many; 0 where they have not."""
    rows = [row for row in islice(_rows(text[:_SAMPLE], delimiter), _SAMPLE_ROWS) if row]
    if len(text) > _SAMPLE and len(rows) > 1:
        rows.pop()  # it may be cut off
    counts = [len(row) for row in rows]
    if not counts:
        return 0
    most = max(set(counts), key=counts.count)
    alike = counts.count(most)
    if strict:
        regular = len(rows) >= _FEWEST_ROWS and most >= _FEWEST_COLUMNS and alike == len(rows)
        return most if regular and _has_header(rows) else 0
    return most if most > 1 and alike * 2 >= len(rows) else 0


def parse_table(text: str, delimiter: str, media_type: str = "text/csv") -> Parsed:
    """Write a table row by row: `column: value` on a line each, rows apart by a blank line.

    The first row names the columns, unless it holds numbers or gaps. Empty cells are left out.
    """
    rows = _rows(text, delimiter)
    sample = list(islice(rows, 2))
    names = [_label(cell) for cell in sample[0]] if _has_header(sample) else []
    writer = Writer()
    for row in chain(sample[bool(names) :], rows):
        writer.add("\n".join(_lines(row, names)), "table")
    if not writer.blocks and names:
        writer.add("\n".join(names), "table")
    return Parsed(writer.joined(), media_type, None, tuple(writer.blocks))


def media_type_of(suffix: str) -> str:
    """Give the media type of a table by its name."""
    return _NAMES.get(suffix, "text/csv")


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    """Read rows; where quotes swallow more than a cell may hold, they count as letters."""
    csv.field_size_limit(_LONGEST_FIELD)
    read = 0
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=False):
            read += 1
            yield row
    except csv.Error:
        unquoted = csv.reader(
            io.StringIO(text, newline=""), delimiter=delimiter, quoting=csv.QUOTE_NONE
        )
        yield from islice(unquoted, read, None)


def _has_header(rows: Sequence[list[str]]) -> bool:
    if len(rows) < 2 or not rows[0]:
        return False
    cells = [cell.strip() for cell in rows[0]]
    return (
        all(cells[:-1])
        and len(set(cells)) == len(cells)
        and not any(_NUMBER.fullmatch(cell) for cell in cells)
        and all(len(cell) <= _LONGEST_HEADER_CELL for cell in cells)
    )


def _label(cell: str) -> str:
    label = " ".join(cell.split())
    return label if len(label) <= _LONGEST_LABEL else label[: _LONGEST_LABEL - 1] + "…"


def _lines(row: Sequence[str], names: Sequence[str]) -> Iterator[str]:
    if not names:
        yield " | ".join(cell.strip() for cell in row if cell.strip())
        return
    for number, cell in enumerate(row):
        if value := cell.strip():
            name = names[number] if number < len(names) else ""
            yield f"{name or f'column {number + 1}'}: {value}"
