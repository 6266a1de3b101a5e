"""What a platform keeps for a tenant: rows of every table, files on the disk, places of vectors."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.integration.api.answers import eventually
from tests.integration.api.running import Running, Tenant


def rows(platform: Running, tenant: Tenant) -> dict[str, int]:
    """Count a tenant's rows in every table, as the superuser sees them."""
    tables = platform.query(
        "SELECT table_name::text FROM information_schema.columns"
        " WHERE table_schema = 'sutazai' AND column_name = 'tenant_id' ORDER BY 1"
    )
    assert len(tables) >= 11
    counts = " UNION ALL ".join(
        f"SELECT '{name}', count(*) FROM {name} WHERE tenant_id = %(tenant)s" for (name,) in tables
    )
    return dict(platform.query(counts, {"tenant": tenant.id}))


def files(platform: Running, tenant: Tenant) -> set[str]:
    """List a tenant's files, and what unfinished writes of anybody left."""
    root = platform.home / "files"
    folders = (root / str(tenant.id), root / ".partial")
    return {path.name for folder in folders for path in folder.rglob("*") if path.is_file()}


@contextmanager
def nothing_kept(platform: Running, tenant: Tenant) -> Iterator[None]:
    """Fail where the block leaves something of the tenant behind, or takes something away."""
    vectors = platform.home / "vectors"
    # Wake-ups of what was done before are taken out a moment after they were sent.
    eventually(lambda: not rows(platform, tenant)["outbox"], "the outbox is empty")
    before, places = (rows(platform, tenant), files(platform, tenant)), set(vectors.iterdir())
    yield
    assert (rows(platform, tenant), files(platform, tenant)) == before
    assert set(vectors.iterdir()) <= places
