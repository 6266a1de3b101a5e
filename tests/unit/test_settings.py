"""Settings come from variables of this product's name alone."""

from pathlib import Path

import pytest

from sutazai.settings import Settings, load_settings


def test_variables_of_other_programs_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = load_settings(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.setenv(name.upper(), "of another program")
    assert load_settings(tmp_path) == plain
