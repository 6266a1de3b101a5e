"""The workers' role lists tenants: core, which is not the owner, sees to each one's defaults."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let it read the ids, and nothing else of a tenant."""
    op.execute(
        "GRANT SELECT (id) ON tenants TO sutazai_worker;"
        "CREATE POLICY for_sutazai_worker ON tenants FOR SELECT TO sutazai_worker USING (true);"
    )


def downgrade() -> None:
    """Take it back."""
    op.execute(
        "DROP POLICY for_sutazai_worker ON tenants;"
        "REVOKE SELECT (id) ON tenants FROM sutazai_worker;"
    )
