"""Fixtures of the identity tests."""

from tests.support.database import database, migrated  # noqa: F401
from tests.support.postgres import postgres  # noqa: F401
