"""Letting PostgreSQL see many new rows at once; by itself it looks once a minute.

SQLite needs no telling. Both are skipped while somebody else looks, or without the right to.
"""

from typing import Final

from django.db import connection
from django.db.models import Model

# Fewer are not worth the telling.
MANY: Final = 1_000


def recount(*models: type[Model]) -> None:
    """Count the rows anew: a new batch is taken for a few rows, and each claim reads all of it."""
    _do("ANALYZE (SKIP_LOCKED)", models)


def tend(*models: type[Model]) -> None:
    """Count the rows anew, bring the index of trigrams up to date, and note what all may see.

    Until then a search reads every new row, and no index alone can answer. Outside a transaction.
    """
    _do("VACUUM (ANALYZE, SKIP_LOCKED)", models)


def _do(what: str, models: tuple[type[Model], ...]) -> None:
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for model in models:
            cursor.execute(f"{what} {model._meta.db_table}")
