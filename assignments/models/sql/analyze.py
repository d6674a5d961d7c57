"""Run ANALYZE or VACUUM on PostgreSQL after a bulk write; autovacuum can take a minute.

Neither is needed on SQLite. Both skip a table that is locked or that the role does not own.
"""

from typing import Final, LiteralString

from django.db import connection
from django.db.models import Model

from assignments.models.sql.statements import format_sql

# Bulk writes of fewer rows do not change a query plan.
MANY_ROWS: Final = 1_000


def analyze(*models: type[Model]) -> None:
    """Update the planner statistics, or it takes a new batch for a few rows and reads all of it."""
    _run("ANALYZE (SKIP_LOCKED) {table}", models)


def vacuum(*models: type[Model]) -> None:
    """Update statistics, trigram index and visibility map; must run outside a transaction.

    Until then a search reads every new row, and index-only scans are not possible.
    """
    _run("VACUUM (ANALYZE, SKIP_LOCKED) {table}", models)


def _run(command: LiteralString, models: tuple[type[Model], ...]) -> None:
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for model in models:
            cursor.execute(format_sql(command, table=model))
