"""Sessions: who is logged in; and the look-ups of a login, before the tenant is known."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SESSIONS = """
CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    digest bytea NOT NULL UNIQUE,
    idle_until timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX sessions_of_user ON sessions (user_id);
"""
# As in 0001: a pooled connection that once set the tenant gives '' afterwards, not NULL.
TENANT = "(SELECT NULLIF(current_setting('sutazai.tenant', true), '')::uuid)"
# What a look-up may read, column by column.
LOOKUP = {
    "tenants": "id, name",
    "users": "id, tenant_id, email, password_hash, role",
    "sessions": "id, tenant_id, user_id, digest, idle_until, ends_at",
}
FOUND = """
    RETURNS TABLE (id uuid, tenant_id uuid, tenant_name text, user_id uuid, email text, role text,
                   idle_until timestamptz, ends_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = sutazai, pg_temp
    AS $$ SELECT s.id, s.tenant_id, t.name, s.user_id, u.email, u.role, s.idle_until, s.ends_at
          FROM sutazai.sessions s
          JOIN sutazai.users u ON u.id = s.user_id
          JOIN sutazai.tenants t ON t.id = s.tenant_id
"""
FUNCTIONS = {
    "find_user(text)": """
CREATE FUNCTION find_user(wanted text)
    RETURNS TABLE (id uuid, tenant_id uuid, password_hash text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = sutazai, pg_temp
    AS $$ SELECT u.id, u.tenant_id, u.password_hash FROM sutazai.users u
          WHERE u.email = wanted $$
""",
    "find_session(bytea)": (
        f"CREATE FUNCTION find_session(wanted bytea) {FOUND} WHERE s.digest = wanted $$"
    ),
    "get_session(uuid)": (
        f"CREATE FUNCTION get_session(wanted uuid) {FOUND} WHERE s.id = wanted $$"
    ),
}


def upgrade() -> None:
    """Make the table, who may see which rows of it, and the look-ups."""
    op.execute(SESSIONS)
    op.execute(
        "ALTER TABLE sessions ENABLE ROW LEVEL SECURITY;"
        "ALTER TABLE sessions FORCE ROW LEVEL SECURITY;"
        "GRANT SELECT, INSERT, UPDATE, DELETE ON sessions TO sutazai_app;"
        f"CREATE POLICY own_tenant ON sessions TO sutazai_app"
        f" USING (tenant_id = {TENANT}) WITH CHECK (tenant_id = {TENANT});"
    )
    for table, columns in LOOKUP.items():
        op.execute(
            f"GRANT SELECT ({columns}) ON {table} TO sutazai_lookup;"
            f"CREATE POLICY for_sutazai_lookup ON {table} FOR SELECT TO sutazai_lookup"
            " USING (true);"
        )
    for name, definition in FUNCTIONS.items():
        op.execute(
            f"{definition};"
            f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC;"
            f"GRANT EXECUTE ON FUNCTION {name} TO sutazai_app;"
            "GRANT CREATE ON SCHEMA sutazai TO sutazai_lookup;"
            f"ALTER FUNCTION {name} OWNER TO sutazai_lookup;"
            "REVOKE CREATE ON SCHEMA sutazai FROM sutazai_lookup;"
        )


def downgrade() -> None:
    """Remove the look-ups, what they were allowed, and the table."""
    for name in FUNCTIONS:
        op.execute(f"DROP FUNCTION {name}")
    op.execute("DROP TABLE sessions")
    for table in ("tenants", "users"):
        op.execute(f"DROP POLICY for_sutazai_lookup ON {table}")
        columns = LOOKUP[table]
        op.execute(f"REVOKE SELECT ({columns}) ON {table} FROM sutazai_lookup")  # noqa: S608
