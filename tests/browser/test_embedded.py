"""The dashboard of the embedded profile, in a real browser on a real platform."""

import pytest

from tests.journey.dashboard import DashboardSuite, Entrance
from tests.support.platform import LivePlatform

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


class TestEmbedded(DashboardSuite):
    """The journey of a newcomer, with the password that the first start made."""

    @pytest.fixture
    def entrance(self, live: LivePlatform) -> Entrance:
        kept = live.credentials
        return Entrance(kept["dashboard_url"], kept["email"], kept["password"])
