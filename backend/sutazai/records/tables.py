"""The tables of knowledge as SQLAlchemy knows them; the migrations make them.

Of `runs` only the columns that knowledge reads are here.
"""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()
_time = DateTime(timezone=True)

collections = Table(
    "collections",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant_id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("physical", Uuid, nullable=False),
    Column("model", JSONB, nullable=False),
    Column("created_at", _time, nullable=False),
)
documents = Table(
    "documents",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant_id", Uuid, nullable=False),
    Column("collection_id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", _time, nullable=False),
)
versions = Table(
    "document_versions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant_id", Uuid, nullable=False),
    Column("collection_id", Uuid, nullable=False),
    Column("document_id", Uuid, nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("swept", Boolean, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("media_type", Text),
    Column("title", Text),
    Column("text_sha256", Text),
    Column("characters", BigInteger),
    Column("chunks_sha256", Text),
    Column("chunk_count", Integer),
    Column("run_id", Uuid, nullable=False),
    Column("created_at", _time, nullable=False),
    Column("indexed_at", _time),
)
chunks = Table(
    "chunks",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant_id", Uuid, nullable=False),
    Column("version_id", Uuid, nullable=False),
    Column("number", Integer, nullable=False),
    Column("start_offset", BigInteger, nullable=False),
    Column("end_offset", BigInteger, nullable=False),
    Column("heading_path", ARRAY(Text), nullable=False),
)
leftovers = Table(
    "leftovers",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant_id", Uuid, nullable=False),
    Column("physical", Uuid, nullable=False),
    Column("version_id", Uuid),
    Column("files", ARRAY(Text), nullable=False),
    Column("not_before", _time, nullable=False),
)
rebuilds = Table(
    "rebuilds",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant_id", Uuid, nullable=False),
    Column("collection_id", Uuid, nullable=False),
    Column("physical", Uuid, nullable=False),
    Column("model", JSONB, nullable=False),
    Column("manifest", Text, nullable=False),
    Column("versions", ARRAY(Uuid), nullable=False),
    Column("started_at", _time, nullable=False),
)
runs = Table(
    "runs",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("collection_id", Uuid),
    Column("status", Text, nullable=False),
    Column("error", Text),
)
