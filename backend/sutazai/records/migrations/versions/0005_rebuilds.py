"""Rebuilds: collections that are embedded anew, to take the place of what they are."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# One row while a run rebuilds a collection; it goes with the switch, or when the run is given up.
# `id` is the run's; `versions` are those that were indexed when it began.
REBUILDS = """
CREATE TABLE rebuilds (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    collection_id uuid NOT NULL UNIQUE REFERENCES collections ON DELETE CASCADE,
    physical uuid NOT NULL UNIQUE,
    model jsonb NOT NULL,
    manifest text NOT NULL,
    versions uuid[] NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now()
);
"""
# As in 0001: a pooled connection that once set the tenant gives '' afterwards, not NULL.
TENANT = "(SELECT NULLIF(current_setting('sutazai.tenant', true), '')::uuid)"


def upgrade() -> None:
    """Make the table; workers switch collections over, which they only read until now."""
    op.execute(REBUILDS)
    op.execute(
        "ALTER TABLE rebuilds ENABLE ROW LEVEL SECURITY;"
        "ALTER TABLE rebuilds FORCE ROW LEVEL SECURITY;"
        "GRANT SELECT, INSERT, DELETE ON rebuilds TO sutazai_app;"
        f"CREATE POLICY own_tenant ON rebuilds TO sutazai_app"
        f" USING (tenant_id = {TENANT}) WITH CHECK (tenant_id = {TENANT});"
        "GRANT SELECT, DELETE ON rebuilds TO sutazai_worker;"
        "CREATE POLICY for_sutazai_worker ON rebuilds TO sutazai_worker"
        " USING (true) WITH CHECK (true);"
        # Locking a row asks for the right to update it, too.
        "GRANT UPDATE (physical, model) ON collections TO sutazai_worker;"
    )


def downgrade() -> None:
    """Remove the table; whatever is being rebuilt stays as it was."""
    op.execute("REVOKE UPDATE (physical, model) ON collections FROM sutazai_worker")
    op.execute("DROP TABLE rebuilds")
