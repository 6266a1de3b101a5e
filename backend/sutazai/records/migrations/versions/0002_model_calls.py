"""Calls of models: who asked which one, how long it waited, what it cost."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# No reference to runs and tasks: writing one would lock their rows, in an order of its own.
MODEL_CALLS = """
CREATE TABLE model_calls (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    run_id uuid NOT NULL,
    task_id uuid NOT NULL,
    agent text NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    priority text NOT NULL CHECK (priority IN ('interactive', 'batch')),
    ending text NOT NULL CHECK (ending IN ('stop', 'length', 'cancelled', 'failed', 'lost')),
    error text,
    prompt_tokens integer NOT NULL,
    completion_tokens integer NOT NULL,
    exact boolean NOT NULL,
    waited_s double precision NOT NULL,
    first_token_s double precision,
    total_s double precision NOT NULL,
    cost double precision,
    ended_at timestamptz NOT NULL
);
CREATE INDEX model_calls_of_tenant ON model_calls (tenant_id, ended_at);
"""
# As in 0001: a pooled connection that once set the tenant gives '' afterwards, not NULL.
TENANT = "(SELECT NULLIF(current_setting('sutazai.tenant', true), '')::uuid)"


def upgrade() -> None:
    """Make the table; a tenant reads its own calls, the workers write those of all."""
    op.execute(MODEL_CALLS)
    op.execute(
        "ALTER TABLE model_calls ENABLE ROW LEVEL SECURITY;"
        "ALTER TABLE model_calls FORCE ROW LEVEL SECURITY;"
        "GRANT SELECT ON model_calls TO sutazai_app;"
        f"CREATE POLICY own_tenant ON model_calls TO sutazai_app"
        f" USING (tenant_id = {TENANT}) WITH CHECK (tenant_id = {TENANT});"
        # `ON CONFLICT` reads.
        "GRANT SELECT, INSERT ON model_calls TO sutazai_worker;"
        "CREATE POLICY for_sutazai_worker ON model_calls TO sutazai_worker"
        " USING (true) WITH CHECK (true);"
    )


def downgrade() -> None:
    """Remove the table."""
    op.execute("DROP TABLE model_calls")
