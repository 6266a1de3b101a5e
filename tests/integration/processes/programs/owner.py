"""Start PostgreSQL under a folder, say its pid, and wait for the end: ``owner.py ROOT``."""

import asyncio
import sys
from pathlib import Path

import psycopg

from sutazai.bootstrap.processes.postgres import start_postgres


def main(root: Path) -> None:
    server = asyncio.run(
        start_postgres(
            root / "postgres",
            root / "run",
            root / "logs" / "postgres.log",
            settings={"fsync": "off"},
        )
    )
    with psycopg.connect(server.admin_dsn) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('committed')")
        connection.commit()
        connection.execute("LOCK TABLE kept")  # what a killed instance leaves: an open transaction
        connection.execute("INSERT INTO kept VALUES ('open')")
        print(server.pid, flush=True)
        sys.stdin.read()
        connection.rollback()
    asyncio.run(server.stop())


main(Path(sys.argv[1]))
