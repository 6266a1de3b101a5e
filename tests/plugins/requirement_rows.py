"""The rows of `tests/requirements.toml`: what the product must have, each with an id."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

ROWS = Path(__file__).resolve().parent.parent / "requirements.toml"


@dataclass(frozen=True)
class Row:
    """One requirement: its id, its section's title, and what it asks for."""

    id: str
    section: str
    text: str


def load_rows(path: Path = ROWS) -> dict[str, Row]:
    """Read the rows in the order they are written, by id.

    Raises:
        ValueError: two rows have the same id.
    """
    rows: dict[str, Row] = {}
    for section in tomllib.loads(path.read_text("utf-8"))["section"]:
        for row_id, text in section["rows"].items():
            if row_id in rows:
                raise ValueError(f"requirement row {row_id} stands twice in {path.name}")
            rows[row_id] = Row(row_id, section["title"], text)
    return rows
