"""Alembic's migrations, run by `sutazai_owner` on psycopg."""
