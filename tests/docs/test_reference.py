"""The reference says what the code says, and nothing is missing from it."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    """Load the generator, which is a program beside the pages."""
    spec = importlib.util.spec_from_file_location("reference", REFERENCE / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_page_is_current(generate: ModuleType) -> None:
    for name, text in generate.pages().items():
        assert (REFERENCE / name).read_text(encoding="utf-8") == text, f"{name}: run `make docs`"


def test_no_page_is_left_over(generate: ModuleType) -> None:
    assert {path.name for path in REFERENCE.iterdir() if path.is_file()} == {
        "generate.py",
        *generate.pages(),
        *(name for name in generate.MEASURED if (REFERENCE / name).exists()),
    }


def test_every_setting_is_explained(generate: ModuleType) -> None:
    rows = list(generate.setting_rows())
    assert len(rows) > 5
    assert all(meaning.strip() for _, _, meaning in rows)


def test_every_route_and_metric_is_explained(generate: ModuleType) -> None:
    api = (REFERENCE / "api.md").read_text(encoding="utf-8")
    for row in re.findall(r"^\| `.*$", api, re.M):
        assert row.split("|")[2].strip()
    assert all(family.documentation.strip() for family in generate.metrics())
