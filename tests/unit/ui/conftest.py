"""Core, served to the dashboard, and a browser's cookies."""

import sys
from collections.abc import Iterator

import pytest
from streamlit.runtime.context import ContextProxy

from tests.unit.ui.core_server import SECRET, Core, serving
from tests.unit.ui.opening import Open, opened


@pytest.fixture
def core() -> Iterator[Core]:
    with serving(Core()) as served:
        yield served


@pytest.fixture
def cookies(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The browser's cookies."""
    kept = {"sutazai_session": SECRET}
    monkeypatch.setattr(ContextProxy, "cookies", property(lambda self: kept))
    return kept


@pytest.fixture
def page(core: Core, cookies: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Open:
    """Open a page in a new tab."""
    login = "http://127.0.0.1:10010/login"
    monkeypatch.setattr(sys, "argv", ["app", "--api-url", core.url, "--login-url", login])
    return opened
