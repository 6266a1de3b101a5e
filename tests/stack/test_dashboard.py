"""The dashboard through the stack's gateway, in a real browser."""

import json

import pytest

from tests.journey.dashboard import DashboardSuite, Entrance
from tests.stack.running import Stack

pytestmark = pytest.mark.stack


class TestThroughTheGateway(DashboardSuite):
    """The same journey as in the embedded profile, by Kong."""

    @pytest.fixture
    def entrance(self, stack: Stack) -> Entrance:
        written = stack.folder / "credentials" / "credentials.json"
        kept = json.loads(written.read_text("utf-8"))
        return Entrance(f"{stack.gateway}/", kept["email"], kept["password"])
