"""Retries: which run a run takes up, and whose effects its own are."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# `origin` is the first of the runs that were taken up one after the other; effects carry its name,
# and it is no reference: of an import it may be a run of another installation. An import writes
# runs by their ids, and those of a clock that was set back do not stand in the order of time.
RETRIES = """
ALTER TABLE runs
    ADD COLUMN retry_of uuid REFERENCES runs ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
    ADD COLUMN origin uuid;
CREATE INDEX runs_retrying ON runs (retry_of) WHERE retry_of IS NOT NULL;
"""


def upgrade() -> None:
    """Add the columns; rights and policies of `runs` are those of the whole row."""
    op.execute(RETRIES)


def downgrade() -> None:
    """Remove them; runs that retry others stay, as runs of their own."""
    op.execute("ALTER TABLE runs DROP COLUMN retry_of, DROP COLUMN origin")
