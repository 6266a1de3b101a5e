"""What to do about a part that is unwell."""

import re
from pathlib import Path

import pytest

from sutazai.entrypoints.api import remedies
from sutazai.entrypoints.api.remedies import remedy

ROOT = Path(remedies.__file__).parents[4]


def test_what_is_advised_is_there() -> None:
    said = " ".join((*remedies._EMBEDDED.values(), *remedies._STACK.values()))
    services = {
        name
        for file in (ROOT / "compose").glob("*.yml")
        for name in re.findall(r"^  ([a-z0-9-]+):", file.read_text("utf-8"), re.MULTILINE)
    }
    assert set(re.findall(r"make logs ARGS=([a-z0-9-]+)", said)) <= services
    reference = (ROOT / "docs/reference/settings.md").read_text("utf-8")
    for setting in re.findall(r"SUTAZAI_[A-Z_]+", said):
        assert setting in reference


@pytest.mark.parametrize(
    ("profile", "part", "told"),
    [
        ("embedded", "database", "sutazai doctor"),
        ("stack", "database", "make logs ARGS=postgres"),
        ("embedded", "a part of tomorrow", "sutazai doctor"),
        ("stack", "a part of tomorrow", "make doctor"),
        ("another", "database", "the platform's log"),
    ],
)
def test_every_part_has_one(profile: str, part: str, told: str) -> None:
    assert told in remedy(profile, part)
