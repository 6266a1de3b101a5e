"""An import writes what workers alone wrote until now: chunks, and calls of models."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let the application write them, into the tenant that it acts for, as its policies say."""
    op.execute("GRANT INSERT ON chunks, model_calls TO sutazai_app")


def downgrade() -> None:
    """Take it back."""
    op.execute("REVOKE INSERT ON chunks, model_calls FROM sutazai_app")
