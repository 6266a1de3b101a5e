"""The audit log of a platform: what stands in it, and a disk that is too full to add to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.integration.api.running import Running, Tenant

# PostgreSQL itself refuses, as it does on a full disk.
_FULL = """
CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full'; END $$
"""
_REFUSE = "CREATE TRIGGER no_room BEFORE INSERT ON audit_log EXECUTE FUNCTION no_room()"


def entries(platform: Running, tenant: Tenant | None = None) -> list[dict[str, Any]]:
    """List what stands in a tenant's log, oldest first, once it is seen that it is whole."""
    with platform.client(tenant) as api:
        assert api.get("/api/v1/audit/verification").json()["ok"]
        page = api.get("/api/v1/audit", params={"limit": 200}).json()
    return list(reversed(page["items"]))


def user_of(platform: Running, tenant: Tenant | None = None) -> str:
    """Give the id of the user whose key it is."""
    with platform.client(tenant) as api:
        return str(api.get("/api/v1/session").json()["id"])


def amounts(files: dict[str, bytes]) -> dict[str, int]:
    """Count what an archive holds beside its manifest."""
    objects = sum(name.endswith(".json") for name in files) - 1
    return {"objects": objects, "files": len(files) - objects - 1}


@contextmanager
def full_log(platform: Running) -> Iterator[None]:
    """Let the database have no room for entries while the block runs."""
    platform.execute(_FULL, {})
    platform.execute(_REFUSE, {})
    try:
        yield
    finally:
        platform.execute("DROP FUNCTION no_room CASCADE", {})
