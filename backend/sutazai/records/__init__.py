"""The record: tables, repositories, migrations, roles of PostgreSQL."""
