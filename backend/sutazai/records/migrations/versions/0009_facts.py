"""Facts: what chunks name, what they say of that, and what documents call it."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# `entity` is the entity's own name, made of its collection, kind and key, so that two documents
# that name the same need no row that both write. A row of `entities` is one version's view of it.
# Rows are kept for what is found alone: chunks are there while their version is, and take what
# they say with them.
FACTS = """
CREATE TABLE entities (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    collection_id uuid NOT NULL,
    version_id uuid NOT NULL REFERENCES document_versions ON DELETE CASCADE,
    entity uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('name', 'date', 'number', 'term', 'document', 'section',
        'web_page', 'module', 'symbol')),
    key text NOT NULL CHECK (char_length(key) BETWEEN 1 AND 120),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 120),
    chunks integer NOT NULL CHECK (chunks > 0)
);
CREATE INDEX entities_of_version ON entities (version_id);
CREATE INDEX entities_by_entity ON entities (entity, collection_id);
CREATE INDEX entities_by_key ON entities (collection_id, key text_pattern_ops);
CREATE TABLE mentions (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    collection_id uuid NOT NULL,
    chunk_id uuid NOT NULL REFERENCES chunks ON DELETE CASCADE,
    entity uuid NOT NULL,
    start_offset bigint NOT NULL,
    end_offset bigint NOT NULL
);
CREATE INDEX mentions_of_chunk ON mentions (chunk_id);
CREATE INDEX mentions_by_entity ON mentions (entity, collection_id);
CREATE TABLE relations (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    collection_id uuid NOT NULL,
    chunk_id uuid NOT NULL REFERENCES chunks ON DELETE CASCADE,
    subject uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('together', 'is_a', 'part_of', 'links_to', 'imports',
        'defines', 'calls')),
    object uuid NOT NULL,
    start_offset bigint NOT NULL,
    end_offset bigint NOT NULL
);
CREATE INDEX relations_of_chunk ON relations (chunk_id);
CREATE INDEX relations_by_subject ON relations (subject, collection_id);
CREATE INDEX relations_by_object ON relations (object, collection_id);
CREATE INDEX relations_of_collection ON relations (collection_id);
"""
# As in 0001: a pooled connection that once set the tenant gives '' afterwards, not NULL.
TENANT = "(SELECT NULLIF(current_setting('sutazai.tenant', true), '')::uuid)"
TABLES = ("entities", "mentions", "relations")


def upgrade() -> None:
    """Make the tables; workers write them, the application reads them, an import writes too."""
    op.execute(FACTS)
    for table in TABLES:
        op.execute(
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;"
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY;"
            f"GRANT SELECT, INSERT ON {table} TO sutazai_app;"
            f"CREATE POLICY own_tenant ON {table} TO sutazai_app"
            f" USING (tenant_id = {TENANT}) WITH CHECK (tenant_id = {TENANT});"
            f"GRANT SELECT, INSERT ON {table} TO sutazai_worker;"
            f"CREATE POLICY for_sutazai_worker ON {table} TO sutazai_worker"
            " USING (true) WITH CHECK (true);"
        )
    # Those of a replaced version go before its row does.
    op.execute("GRANT DELETE ON entities TO sutazai_worker")


def downgrade() -> None:
    """Remove the tables; what they held is in the files of chunks."""
    for table in reversed(TABLES):
        op.execute(f"DROP TABLE {table}")
