"""Notice cheaply that the database has changed, to look for work only then."""

from typing import Final

from django.db import connection

QUERIES: Final = {
    # Changes with every commit of another connection.
    "sqlite": "PRAGMA data_version",
    # Changes whenever a transaction that writes begins to write, commits or rolls back.
    "postgresql": "SELECT pg_current_snapshot()::text",
}


def change_marker() -> object:
    """Return a value that differs from the last one if another connection has changed something.

    On SQLite only values of the same open connection can be compared.
    """
    with connection.cursor() as cursor:
        cursor.execute(QUERIES[connection.vendor])
        return cursor.fetchone()
