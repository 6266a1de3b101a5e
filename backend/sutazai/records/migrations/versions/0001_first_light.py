"""First light: tenants, identity, knowledge, runs, tasks, events, outbox; row-level security."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

IDENTITY = """
CREATE TABLE tenants (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE users (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    email text NOT NULL UNIQUE,
    password_hash text NOT NULL,
    role text NOT NULL CHECK (role IN ('admin', 'member', 'viewer')),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE api_keys (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    name text NOT NULL,
    prefix text NOT NULL,
    digest bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);
"""

KNOWLEDGE = """
CREATE TABLE collections (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    name text NOT NULL CHECK (name ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
    physical uuid NOT NULL UNIQUE,
    model jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, name)
);
CREATE TABLE documents (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    collection_id uuid NOT NULL REFERENCES collections ON DELETE CASCADE,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (collection_id, name)
);
CREATE TABLE document_versions (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    collection_id uuid NOT NULL REFERENCES collections ON DELETE CASCADE,
    document_id uuid NOT NULL REFERENCES documents ON DELETE CASCADE,
    number integer NOT NULL CHECK (number >= 1),
    state text NOT NULL DEFAULT 'pending'
        CHECK (state IN ('pending', 'indexed', 'superseded', 'failed')),
    swept boolean NOT NULL DEFAULT false,
    sha256 text NOT NULL,
    size bigint NOT NULL,
    media_type text,
    title text,
    text_sha256 text,
    characters bigint,
    chunks_sha256 text,
    chunk_count integer,
    run_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    indexed_at timestamptz,
    UNIQUE (document_id, number)
);
CREATE UNIQUE INDEX one_indexed_version ON document_versions (document_id) WHERE state = 'indexed';
CREATE INDEX hidden_versions ON document_versions (collection_id)
    WHERE state <> 'indexed' AND NOT swept;
CREATE TABLE chunks (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    version_id uuid NOT NULL REFERENCES document_versions ON DELETE CASCADE,
    number integer NOT NULL,
    start_offset bigint NOT NULL,
    end_offset bigint NOT NULL,
    heading_path text[] NOT NULL,
    UNIQUE (version_id, number)
);
-- What lies outside PostgreSQL and belongs to nothing any more; swept, then forgotten. `id` is the
-- version's, or the physical name of a collection that was dropped.
CREATE TABLE leftovers (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    physical uuid NOT NULL,
    version_id uuid,
    files text[] NOT NULL DEFAULT '{}',
    not_before timestamptz NOT NULL DEFAULT now()
);
"""

LEDGER = """
CREATE TABLE runs (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    workflow text NOT NULL,
    goal text NOT NULL,
    input jsonb NOT NULL,
    plan jsonb NOT NULL,
    collection_id uuid REFERENCES collections ON DELETE SET NULL,
    collection_name text,
    status text NOT NULL CHECK (status IN
        ('pending', 'running', 'waiting', 'succeeded', 'failed', 'cancelled')),
    seq integer NOT NULL,
    result jsonb,
    citations jsonb NOT NULL DEFAULT '[]',
    error text,
    traceparent text,
    idempotency_key text,
    request_hash bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX runs_idempotency ON runs (tenant_id, idempotency_key)
    WHERE idempotency_key IS NOT NULL;
CREATE INDEX runs_newest ON runs (tenant_id, id DESC);
CREATE INDEX runs_of_collection ON runs (collection_id)
    WHERE status IN ('pending', 'running', 'waiting');
CREATE TABLE tasks (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    run_id uuid NOT NULL REFERENCES runs ON DELETE CASCADE,
    step text NOT NULL,
    agent text NOT NULL,
    status text NOT NULL CHECK (status IN
        ('ready', 'claimed', 'succeeded', 'failed', 'cancelled', 'dead')),
    priority smallint NOT NULL DEFAULT 0,
    attempt integer NOT NULL DEFAULT 0,
    failures integer NOT NULL DEFAULT 0,
    losses integer NOT NULL DEFAULT 0,
    available_at timestamptz NOT NULL,
    token uuid,
    worker text,
    lease_until timestamptz,
    input jsonb NOT NULL,
    output jsonb,
    error text,
    usage jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz,
    UNIQUE (run_id, step)
) WITH (fillfactor = 70);
CREATE INDEX tasks_ready ON tasks (agent, tenant_id, priority DESC, available_at)
    WHERE status = 'ready';
-- Not on lease_until: a heartbeat must stay a heap-only update.
CREATE INDEX tasks_claimed ON tasks (agent, tenant_id) WHERE status = 'claimed';
CREATE TABLE events (
    run_id uuid NOT NULL REFERENCES runs ON DELETE CASCADE,
    seq integer NOT NULL,
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    type text NOT NULL,
    data jsonb NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (run_id, seq)
);
CREATE TABLE outbox (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    agent text NOT NULL,
    due_at timestamptz NOT NULL
);
CREATE INDEX outbox_due ON outbox (due_at);
"""

# A pooled connection that once set the tenant gives '' afterwards, not NULL.
TENANT = "(SELECT NULLIF(current_setting('sutazai.tenant', true), '')::uuid)"

# What each role may do, table by table; a table that is missing here is reachable by no one.
# Locking a row (SELECT … FOR UPDATE or SHARE) needs the right to update it.
APP = {
    "tenants": "SELECT",
    "users": "SELECT, INSERT, UPDATE",
    "api_keys": "SELECT, INSERT, UPDATE",
    "collections": "SELECT, INSERT, UPDATE, DELETE",
    "documents": "SELECT, INSERT, UPDATE, DELETE",
    "document_versions": "SELECT, INSERT, UPDATE, DELETE",
    "chunks": "SELECT, DELETE",
    "leftovers": "SELECT, INSERT, UPDATE",
    "runs": "SELECT, INSERT, UPDATE",
    "tasks": "SELECT, INSERT, UPDATE",
    "events": "SELECT, INSERT",
    "outbox": "INSERT",
}
WORKER = {
    "collections": "SELECT",
    "documents": "SELECT, UPDATE",
    "document_versions": "SELECT, UPDATE, DELETE",
    "chunks": "SELECT, INSERT, DELETE",
    "leftovers": "SELECT, INSERT, UPDATE, DELETE",
    "runs": "SELECT, UPDATE",
    "tasks": "SELECT, INSERT, UPDATE",
    "events": "SELECT, INSERT",
    "outbox": "SELECT, INSERT, UPDATE, DELETE",  # a row lock asks for UPDATE
}
LOOKUP = {"api_keys": "SELECT"}

FIND_API_KEY = """
CREATE FUNCTION find_api_key(wanted bytea)
    RETURNS TABLE (id uuid, tenant_id uuid, user_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = sutazai, pg_temp
    AS $$ SELECT k.id, k.tenant_id, k.user_id FROM sutazai.api_keys k
          WHERE k.digest = wanted AND k.revoked_at IS NULL $$;
REVOKE ALL ON FUNCTION find_api_key(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_api_key(bytea) TO sutazai_app;
GRANT CREATE ON SCHEMA sutazai TO sutazai_lookup;
ALTER FUNCTION find_api_key(bytea) OWNER TO sutazai_lookup;
REVOKE CREATE ON SCHEMA sutazai FROM sutazai_lookup;
"""


def upgrade() -> None:
    """Make the tables, then who may see which rows of them."""
    for statements in (IDENTITY, KNOWLEDGE, LEDGER):
        op.execute(statements)
    for table, rights in APP.items():
        mine = "id" if table == "tenants" else "tenant_id"
        op.execute(
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;"
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY;"
            f"GRANT {rights} ON {table} TO sutazai_app;"
            f"CREATE POLICY own_tenant ON {table} TO sutazai_app"
            f" USING ({mine} = {TENANT}) WITH CHECK ({mine} = {TENANT});"
        )
    for role, tables in (("sutazai_worker", WORKER), ("sutazai_lookup", LOOKUP)):
        for table, rights in tables.items():
            op.execute(
                f"GRANT {rights} ON {table} TO {role};"
                f"CREATE POLICY for_{role} ON {table} TO {role} USING (true) WITH CHECK (true);"
            )
    # The first tenant is made by the owner, who is bound by FORCE like everyone else.
    op.execute("CREATE POLICY for_owner ON tenants TO sutazai_owner USING (true) WITH CHECK (true)")
    for table in ("users", "api_keys"):
        op.execute(
            f"CREATE POLICY for_owner ON {table} FOR INSERT TO sutazai_owner WITH CHECK (true)"
        )
    op.execute(FIND_API_KEY)


def downgrade() -> None:
    """Remove everything: there is nothing before the first migration."""
    op.execute("DROP FUNCTION find_api_key(bytea)")
    for table in reversed(APP):
        op.execute(f"DROP TABLE {table} CASCADE")
