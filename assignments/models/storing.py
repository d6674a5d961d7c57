"""Adding and changing many rows at once, in one statement for a hundred of them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import batched
from typing import Any, Final

from django.db import connection
from django.db.models import Model

ROWS_AT_ONCE: Final = 100


def insert(
    model: type[Model],
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    ignore_conflicts: bool = False,
) -> None:
    """Insert the rows, whose values are as the columns hold them; moments may be in any zone.

    :param ignore_conflicts: leave out rows that a unique constraint forbids
    """
    one = f"({', '.join(['%s'] * len(columns))})"
    # Names of our own, never input.
    into = f"INSERT INTO {model._meta.db_table} ({', '.join(columns)}) VALUES "  # noqa: S608
    end = " ON CONFLICT DO NOTHING" if ignore_conflicts else ""
    with connection.cursor() as cursor:
        for some in batched(rows, ROWS_AT_ONCE, strict=False):
            values = [stored(value) for row in some for value in row]
            cursor.execute(into + ", ".join([one] * len(some)) + end, values)


def update(model: type[Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Give the columns of many rows their new values.

    :param rows: for each row its id, then the values in the order of `columns`
    """
    one = f"({', '.join(['%s'] * (len(columns) + 1))})"
    new = ", ".join(f"{name} = {_value(model, name, n)}" for n, name in enumerate(columns, 2))
    # Names of our own, never input.
    begin = f"UPDATE {model._meta.db_table} SET {new} FROM (VALUES "  # noqa: S608
    end = f") AS v WHERE {model._meta.db_table}.id = v.column1"
    with connection.cursor() as cursor:
        for some in batched(rows, ROWS_AT_ONCE, strict=False):
            values = [stored(value) for row in some for value in row]
            cursor.execute(begin + ", ".join([one] * len(some)) + end, values)


def _value(model: type[Model], column: str, number: int) -> str:
    if connection.vendor != "postgresql":
        return f"v.column{number}"
    # A column of nothing but NULL would be taken for text.
    kind = model._meta.get_field(column).db_type(connection)
    return f"CAST(v.column{number} AS {kind})"


def stored(value: Any) -> Any:
    """Return a value as the database's driver takes it."""
    return stored_moment(value) if isinstance(value, datetime) else value


def stored_moment(at: datetime) -> object:
    """Return the moment as the database's driver takes and gives it."""
    return connection.ops.adapt_datetimefield_value(at)
