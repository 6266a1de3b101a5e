"""What the API's document says of being asked too often, and the settings of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from sutazai.core.limits.port import Rate
from sutazai.entrypoints.api.app import openapi_document
from sutazai.settings import ApiSettings, load_settings

# All else is counted by caller or, where nobody is known yet, by what is wrong of an address.
UNCOUNTED = {"read_liveness", "read_readiness"}


def operations() -> Iterator[dict[str, Any]]:
    for methods in openapi_document()["paths"].values():
        yield from methods.values()


def test_every_counted_operation_documents_the_refusal() -> None:
    counted = [one for one in operations() if one["operationId"] not in UNCOUNTED]
    assert len(counted) >= 19
    for operation in counted:
        refusal = operation["responses"]["429"]
        header = refusal["headers"]["Retry-After"]
        assert header["schema"] == {"type": "integer", "minimum": 1}
        assert header["example"] >= 1


def test_what_is_not_counted_documents_none() -> None:
    for operation in operations():
        if operation["operationId"] in UNCOUNTED:
            assert "429" not in operation["responses"]


def test_limits_are_read_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SUTAZAI_API_RATE_PER_S", "4")
    monkeypatch.setenv("SUTAZAI_API_BURST", "7")
    assert load_settings(tmp_path).api.rate == Rate(burst=7, interval_s=0.25)
    monkeypatch.setenv("SUTAZAI_API_RATE_PER_S", "0")
    assert load_settings(tmp_path).api.rate is None


@pytest.mark.parametrize("wrong", [{"rate_per_s": -1}, {"burst": 0}, {"rate_per_s": "nan"}])
def test_limits_that_are_none_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ApiSettings.model_validate(wrong)
