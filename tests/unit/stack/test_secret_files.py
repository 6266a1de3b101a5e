"""Settings of the stack are read from the files of secrets too; the environment goes before."""

from pathlib import Path

import pytest

import sutazai.stack_settings
from sutazai.stack_settings import StackSettings


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sutazai.stack_settings, "SECRETS", tmp_path)
    return tmp_path


def test_a_file_is_read_by_the_settings_name(secrets: Path) -> None:
    (secrets / "sutazai_rabbitmq_password").write_text("from the file")
    (secrets / "sutazai_session_key").write_text("key")
    stack = StackSettings()
    assert stack.broker.password is not None
    assert stack.broker.password.get_secret_value() == "from the file"
    assert stack.session_key is not None
    assert "from the file" not in repr(stack)


def test_the_environment_goes_before_a_file(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (secrets / "sutazai_qdrant_url").write_text("http://file:1")
    monkeypatch.setenv("SUTAZAI_QDRANT_URL", "http://environment:2")
    assert StackSettings().qdrant.url == "http://environment:2"


def test_without_secrets_the_rest_still_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sutazai.stack_settings, "SECRETS", tmp_path / "none")
    assert StackSettings().broker.password is None
