"""The projection of the graph: which versions a collection's facts are of is asked at each look."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let it be answered from an index alone."""
    op.execute(
        "CREATE INDEX indexed_versions ON document_versions (collection_id, tenant_id, id)"
        " WHERE state = 'indexed'"
    )


def downgrade() -> None:
    """Remove it."""
    op.execute("DROP INDEX indexed_versions")
