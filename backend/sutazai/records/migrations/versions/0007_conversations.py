"""Conversations: their messages, and which runs work on their questions."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# `turns` counts the questions of a conversation. A question has an odd number, its answer the even
# one after it, so nobody has to look for the next: the answer is written by whoever ends the run.
# In `turns`, `id` is the run's: it tells, without a word of what was said, where a run's answer
# belongs, so that anybody of the tenant who ends the run can put it there.
CONVERSATIONS = """
CREATE TABLE conversations (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    title text,
    collection text NOT NULL,
    turns integer NOT NULL DEFAULT 0 CHECK (turns >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX conversations_newest ON conversations (tenant_id, user_id, updated_at DESC, id DESC);
CREATE TABLE turns (
    id uuid PRIMARY KEY REFERENCES runs ON DELETE CASCADE,
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    conversation_id uuid NOT NULL REFERENCES conversations ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    number integer NOT NULL CHECK (number % 2 = 1),
    UNIQUE (conversation_id, number)
);
CREATE TABLE messages (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    conversation_id uuid NOT NULL REFERENCES conversations ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    number integer NOT NULL CHECK (number >= 1),
    role text NOT NULL CHECK (role IN ('user', 'assistant')),
    run_id uuid REFERENCES runs ON DELETE SET NULL,
    text text NOT NULL,
    status text CHECK (status IN ('succeeded', 'failed', 'cancelled')),
    kind text,
    grounded boolean,
    confidence smallint,
    citations jsonb NOT NULL DEFAULT '[]',
    error text,
    context jsonb,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (conversation_id, number),
    CHECK ((role = 'user') = (number % 2 = 1)),
    CHECK ((role = 'user') = (status IS NULL))
);
CREATE INDEX messages_of_run ON messages (run_id) WHERE run_id IS NOT NULL;
"""
# As in 0001: a pooled connection that once set it gives '' afterwards, not NULL.
TENANT = "(SELECT NULLIF(current_setting('sutazai.tenant', true), '')::uuid)"
USER = "(SELECT NULLIF(current_setting('sutazai.user_id', true), '')::uuid)"
OWN = f"tenant_id = {TENANT} AND user_id = {USER}"
# Whoever ends a run, such as a colleague who cancels it, writes the answer of its turn, unseen.
ANSWERS = f"""
    tenant_id = {TENANT} AND role = 'assistant' AND EXISTS (
        SELECT 1 FROM turns t WHERE t.id = messages.run_id AND t.number = messages.number - 1
        AND t.conversation_id = messages.conversation_id AND t.user_id = messages.user_id)
"""  # noqa: S608
APP = {
    "conversations": ("SELECT, INSERT, UPDATE, DELETE", OWN),
    "turns": ("SELECT, INSERT", f"tenant_id = {TENANT}"),
    "messages": ("SELECT, INSERT", OWN),
}


def upgrade() -> None:
    """Make the tables, and who may see which rows of them."""
    op.execute(CONVERSATIONS)
    for table, (rights, own) in APP.items():
        name = "own_tenant" if table == "turns" else "own_user"
        op.execute(
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;"
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY;"
            f"GRANT {rights} ON {table} TO sutazai_app;"
            f"CREATE POLICY {name} ON {table} TO sutazai_app USING ({own}) WITH CHECK ({own});"
        )
    op.execute(
        f"CREATE POLICY answers ON messages FOR INSERT TO sutazai_app WITH CHECK ({ANSWERS});"
        "GRANT INSERT ON messages TO sutazai_worker;"
        "CREATE POLICY for_sutazai_worker ON messages FOR INSERT TO sutazai_worker"
        " WITH CHECK (true);"
        "GRANT SELECT ON turns TO sutazai_worker;"
        "CREATE POLICY for_sutazai_worker ON turns FOR SELECT TO sutazai_worker USING (true);"
    )


def downgrade() -> None:
    """Remove the tables; the runs stay."""
    for table in reversed(APP):
        op.execute(f"DROP TABLE {table}")
