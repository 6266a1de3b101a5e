"""Identity: who is a member of which tenant, keys with scopes, refresh tokens, the audit log."""

# Statements are put together of what stands here, and of nothing else.
# ruff: noqa: S608

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# A person's account was made in the tenant `users.tenant_id`; what they are stands here, for that
# tenant and for others. What hangs on it (keys, sessions) goes with it.
MEMBERSHIPS = """
CREATE TABLE memberships (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    role text NOT NULL CHECK (role IN ('admin', 'member', 'viewer')),
    disabled_at timestamptz,
    last_login_on date,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, tenant_id)
);
CREATE INDEX members_of_tenant ON memberships (tenant_id, user_id);
"""
# Each use of one makes the next; one that was used is kept to know it again.
REFRESH_TOKENS = """
CREATE TABLE refresh_tokens (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
    digest bytea NOT NULL UNIQUE,
    used_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX refresh_tokens_of_session ON refresh_tokens (session_id);
"""
AUDIT_LOG = """
CREATE TABLE audit_log (
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    seq bigint NOT NULL CHECK (seq >= 1),
    at timestamptz NOT NULL,
    event text NOT NULL,
    actor uuid,
    subject text,
    address text,
    details jsonb NOT NULL,
    previous bytea NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (tenant_id, seq)
);
"""
# As in 0001: a pooled connection that once set the tenant gives '' afterwards, not NULL.
TENANT = "(SELECT NULLIF(current_setting('sutazai.tenant', true), '')::uuid)"
APP = {
    "memberships": "SELECT, INSERT, UPDATE, DELETE",
    "refresh_tokens": "SELECT, INSERT, UPDATE",
    "audit_log": "SELECT, INSERT",
}
# Roles stood in `users` before. The owner, bound by FORCE, needs to be let for that once.
MOVE = """
CREATE POLICY moving ON users FOR SELECT TO sutazai_owner USING (true);
INSERT INTO memberships (user_id, tenant_id, role, created_at)
    SELECT id, tenant_id, role, created_at FROM users;
DROP POLICY moving ON users;
ALTER TABLE users DROP COLUMN role, ADD COLUMN one_time_until timestamptz;
ALTER TABLE api_keys
    ADD COLUMN scopes text[] NOT NULL DEFAULT '{read,write,admin}'
        CHECK (scopes <@ ARRAY['read', 'write', 'admin'] AND cardinality(scopes) >= 1),
    ADD COLUMN expires_at timestamptz,
    ADD COLUMN last_used_on date,
    ADD FOREIGN KEY (user_id, tenant_id) REFERENCES memberships ON DELETE CASCADE;
ALTER TABLE api_keys ALTER COLUMN scopes DROP DEFAULT;
CREATE INDEX api_keys_of_member ON api_keys (user_id, tenant_id);
ALTER TABLE sessions
    ALTER COLUMN digest DROP NOT NULL,
    ADD FOREIGN KEY (user_id, tenant_id) REFERENCES memberships ON DELETE CASCADE;
"""
MOVE_BACK = """
ALTER TABLE sessions DROP CONSTRAINT sessions_user_id_tenant_id_fkey;
CREATE POLICY moving ON sessions TO sutazai_owner USING (digest IS NULL);
DELETE FROM sessions WHERE digest IS NULL;
DROP POLICY moving ON sessions;
ALTER TABLE sessions ALTER COLUMN digest SET NOT NULL;
DROP INDEX api_keys_of_member;
ALTER TABLE api_keys DROP CONSTRAINT api_keys_user_id_tenant_id_fkey,
    DROP COLUMN scopes, DROP COLUMN expires_at, DROP COLUMN last_used_on;
ALTER TABLE users DROP COLUMN one_time_until,
    ADD COLUMN role text NOT NULL DEFAULT 'viewer' CHECK (role IN ('admin', 'member', 'viewer'));
ALTER TABLE users ALTER COLUMN role DROP DEFAULT;
CREATE POLICY moving ON users TO sutazai_owner USING (true);
CREATE POLICY moving ON memberships FOR SELECT TO sutazai_owner USING (true);
UPDATE users SET role = m.role FROM memberships m
    WHERE m.user_id = users.id AND m.tenant_id = users.tenant_id;
DROP POLICY moving ON users;
DROP POLICY moving ON memberships;
"""
# What a look-up may read, column by column, beside what it could before.
LOOKUP = {
    "memberships": "user_id, tenant_id, role, disabled_at, created_at",
    "refresh_tokens": "id, session_id, digest, used_at",
}
_SESSION = """s.id, s.tenant_id, t.name, s.user_id, u.email, m.role, s.idle_until, s.ends_at,
           u.one_time_until IS NOT NULL, s.digest IS NULL"""
_SESSION_TABLE = """id uuid, tenant_id uuid, tenant_name text, user_id uuid, email text, role text,
           idle_until timestamptz, ends_at timestamptz, must_change boolean, renews boolean"""
_OF_SESSION = """
        JOIN sutazai.users u ON u.id = s.user_id
        JOIN sutazai.tenants t ON t.id = s.tenant_id
        JOIN sutazai.memberships m ON m.user_id = s.user_id AND m.tenant_id = s.tenant_id
            AND m.disabled_at IS NULL
"""
_DEFINER = "LANGUAGE sql STABLE SECURITY DEFINER SET search_path = sutazai, pg_temp"
FUNCTIONS = {
    "find_api_key(bytea)": f"""
CREATE FUNCTION find_api_key(wanted bytea)
    RETURNS TABLE (id uuid, tenant_id uuid, user_id uuid, role text, scopes text[],
                   expires_at timestamptz, last_used_on date)
    {_DEFINER}
    AS $$ SELECT k.id, k.tenant_id, k.user_id, m.role, k.scopes, k.expires_at, k.last_used_on
          FROM sutazai.api_keys k
          JOIN sutazai.memberships m ON m.user_id = k.user_id AND m.tenant_id = k.tenant_id
              AND m.disabled_at IS NULL
          WHERE k.digest = wanted AND k.revoked_at IS NULL $$
""",
    # The tenant a login leads to: the one that the account was made in, else the oldest.
    "find_user(text)": f"""
CREATE FUNCTION find_user(wanted text)
    RETURNS TABLE (id uuid, tenant_id uuid, home_id uuid, password_hash text,
                   one_time_until timestamptz)
    {_DEFINER}
    AS $$ SELECT u.id, m.tenant_id, u.tenant_id, u.password_hash, u.one_time_until
          FROM sutazai.users u
          JOIN sutazai.memberships m ON m.user_id = u.id AND m.disabled_at IS NULL
          WHERE u.email = wanted
          ORDER BY m.tenant_id <> u.tenant_id, m.created_at, m.tenant_id LIMIT 1 $$
""",
    "find_session(bytea)": f"""
CREATE FUNCTION find_session(wanted bytea) RETURNS TABLE ({_SESSION_TABLE}) {_DEFINER}
    AS $$ SELECT {_SESSION} FROM sutazai.sessions s {_OF_SESSION} WHERE s.digest = wanted $$
""",
    "get_session(uuid)": f"""
CREATE FUNCTION get_session(wanted uuid) RETURNS TABLE ({_SESSION_TABLE}) {_DEFINER}
    AS $$ SELECT {_SESSION} FROM sutazai.sessions s {_OF_SESSION} WHERE s.id = wanted $$
""",
    "find_refresh(bytea)": f"""
CREATE FUNCTION find_refresh(wanted bytea)
    RETURNS TABLE (token_id uuid, used boolean, {_SESSION_TABLE}) {_DEFINER}
    AS $$ SELECT r.id, r.used_at IS NOT NULL, {_SESSION}
          FROM sutazai.refresh_tokens r JOIN sutazai.sessions s ON s.id = r.session_id
          {_OF_SESSION} WHERE r.digest = wanted $$
""",
    "sessions_of(uuid)": f"""
CREATE FUNCTION sessions_of(wanted uuid)
    RETURNS TABLE (id uuid, tenant_id uuid, ends_at timestamptz) {_DEFINER}
    AS $$ SELECT s.id, s.tenant_id, s.ends_at FROM sutazai.sessions s
          WHERE s.user_id = wanted ORDER BY s.id $$
""",
    "memberships_of(uuid)": f"""
CREATE FUNCTION memberships_of(wanted uuid)
    RETURNS TABLE (tenant_id uuid, name text, role text, disabled boolean, created_at timestamptz)
    {_DEFINER}
    AS $$ SELECT m.tenant_id, t.name, m.role, m.disabled_at IS NOT NULL, m.created_at
          FROM sutazai.memberships m JOIN sutazai.tenants t ON t.id = m.tenant_id
          WHERE m.user_id = wanted ORDER BY m.created_at, m.tenant_id $$
""",
}
REPLACED = ("find_api_key(bytea)", "find_user(text)", "find_session(bytea)", "get_session(uuid)")


def upgrade() -> None:
    """Make the tables, who may see which rows of them, and the look-ups."""
    for statements in (MEMBERSHIPS, REFRESH_TOKENS, AUDIT_LOG):
        op.execute(statements)
    for table, rights in APP.items():
        op.execute(
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;"
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY;"
            f"GRANT {rights} ON {table} TO sutazai_app;"
        )
    for table in ("memberships", "refresh_tokens"):
        op.execute(
            f"CREATE POLICY own_tenant ON {table} TO sutazai_app"
            f" USING (tenant_id = {TENANT}) WITH CHECK (tenant_id = {TENANT})"
        )
    # Whatever rights are granted one day: what stands there is never changed nor removed.
    op.execute(
        f"CREATE POLICY own_tenant_reads ON audit_log FOR SELECT TO sutazai_app"
        f" USING (tenant_id = {TENANT});"
        f"CREATE POLICY own_tenant_adds ON audit_log FOR INSERT TO sutazai_app"
        f" WITH CHECK (tenant_id = {TENANT});"
    )
    op.execute(
        "CREATE POLICY for_owner ON memberships FOR INSERT TO sutazai_owner WITH CHECK (true);"
        "GRANT INSERT ON tenants TO sutazai_app; GRANT DELETE ON users TO sutazai_app;"
        # An account that another tenant made, and that is a member here.
        "CREATE POLICY members ON users FOR SELECT TO sutazai_app"
        " USING (EXISTS (SELECT 1 FROM memberships m WHERE m.user_id = users.id));"
    )
    op.execute(MOVE)
    # A hash of a password is for look-ups alone.
    op.execute(
        "REVOKE SELECT ON users FROM sutazai_app;"
        "GRANT SELECT (id, tenant_id, email, one_time_until, created_at) ON users TO sutazai_app;"
    )
    for table, columns in LOOKUP.items():
        op.execute(
            f"GRANT SELECT ({columns}) ON {table} TO sutazai_lookup;"
            f"CREATE POLICY for_sutazai_lookup ON {table} FOR SELECT TO sutazai_lookup"
            " USING (true);"
        )
    op.execute("GRANT SELECT (one_time_until) ON users TO sutazai_lookup")
    for name in REPLACED:
        op.execute(f"DROP FUNCTION {name}")
    for name, definition in FUNCTIONS.items():
        define(name, definition)


def define(name: str, definition: str) -> None:
    """Make a look-up that the application's role may call and that sees what look-ups may."""
    op.execute(
        f"{definition};"
        f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC;"
        f"GRANT EXECUTE ON FUNCTION {name} TO sutazai_app;"
        "GRANT CREATE ON SCHEMA sutazai TO sutazai_lookup;"
        f"ALTER FUNCTION {name} OWNER TO sutazai_lookup;"
        "REVOKE CREATE ON SCHEMA sutazai FROM sutazai_lookup;"
    )


BEFORE = f"""
    {_DEFINER}
    AS $$ SELECT s.id, s.tenant_id, t.name, s.user_id, u.email, u.role, s.idle_until, s.ends_at
          FROM sutazai.sessions s
          JOIN sutazai.users u ON u.id = s.user_id
          JOIN sutazai.tenants t ON t.id = s.tenant_id
"""
_TABLE_BEFORE = """RETURNS TABLE (id uuid, tenant_id uuid, tenant_name text, user_id uuid,
    email text, role text, idle_until timestamptz, ends_at timestamptz)"""
FUNCTIONS_BEFORE = {
    "find_api_key(bytea)": f"""
CREATE FUNCTION find_api_key(wanted bytea) RETURNS TABLE (id uuid, tenant_id uuid, user_id uuid)
    {_DEFINER}
    AS $$ SELECT k.id, k.tenant_id, k.user_id FROM sutazai.api_keys k
          WHERE k.digest = wanted AND k.revoked_at IS NULL $$
""",
    "find_user(text)": f"""
CREATE FUNCTION find_user(wanted text) RETURNS TABLE (id uuid, tenant_id uuid, password_hash text)
    {_DEFINER}
    AS $$ SELECT u.id, u.tenant_id, u.password_hash FROM sutazai.users u
          WHERE u.email = wanted $$
""",
    "find_session(bytea)": f"""
CREATE FUNCTION find_session(wanted bytea) {_TABLE_BEFORE} {BEFORE} WHERE s.digest = wanted $$
""",
    "get_session(uuid)": f"""
CREATE FUNCTION get_session(wanted uuid) {_TABLE_BEFORE} {BEFORE} WHERE s.id = wanted $$
""",
}


def downgrade() -> None:
    """Put roles back into `users`; who was in several tenants keeps the one of their account."""
    for name in FUNCTIONS:
        op.execute(f"DROP FUNCTION {name}")
    op.execute(
        "REVOKE SELECT (one_time_until) ON users FROM sutazai_lookup;"
        "DROP POLICY members ON users;"
        "REVOKE INSERT ON tenants FROM sutazai_app; REVOKE DELETE ON users FROM sutazai_app;"
        "REVOKE SELECT (id, tenant_id, email, one_time_until, created_at) ON users"
        " FROM sutazai_app;"
        "GRANT SELECT ON users TO sutazai_app;"
    )
    op.execute(MOVE_BACK)
    op.execute("GRANT SELECT (role) ON users TO sutazai_lookup")
    op.execute("DROP TABLE refresh_tokens; DROP TABLE memberships; DROP TABLE audit_log")
    for name, definition in FUNCTIONS_BEFORE.items():
        define(name, definition)
