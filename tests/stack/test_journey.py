"""The journey through the stack's gateway."""

import pytest

from tests.journey.suite import Door, JourneySuite
from tests.stack.running import Stack

pytestmark = pytest.mark.stack


class TestThroughTheGateway(JourneySuite):
    """The same journey as in the embedded profile, by Kong, over every service of the stack."""

    @pytest.fixture
    def door(self, stack: Stack) -> Door:
        return Door(stack.gateway, stack.api_key)
