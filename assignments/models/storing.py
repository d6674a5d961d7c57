"""Adding and changing many rows at once, without a model instance for each."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import batched, chain
from typing import Any, Final

from django.db import connection
from django.db.models import Model

ROWS_AT_ONCE: Final = 500
type Rows = Iterable[Sequence[Any]]


def insert(
    model: type[Model], columns: Sequence[str], rows: Rows, *, ignore_conflicts: bool = False
) -> None:
    """Insert the rows, whose values are as the columns hold them; moments may be in any zone.

    :param ignore_conflicts: leave out rows that a unique constraint forbids
    """
    # Names of our own, never input.
    into = f"INSERT INTO {model._meta.db_table} ({', '.join(columns)}) "
    end = " ON CONFLICT DO NOTHING" if ignore_conflicts else ""
    if connection.vendor == "postgresql":
        _in_groups(f"{into} VALUES {{}}{end}", len(columns), rows)
    else:
        _one_by_one(f"{into} VALUES {_marks(len(columns))}{end}", rows)


def update(model: type[Model], columns: Sequence[str], rows: Rows) -> None:
    """Give the columns of many rows their new values.

    :param rows: for each row the values in the order of `columns`, then its id
    """
    if connection.vendor == "postgresql":
        _in_groups(_update_of_a_group(model, columns), len(columns) + 1, rows)
    else:
        new = ", ".join(f"{name} = %s" for name in columns)
        # Names of our own, never input.
        _one_by_one(f"UPDATE {model._meta.db_table} SET {new} WHERE id = %s", rows)  # noqa: S608


def _update_of_a_group(model: type[Model], columns: Sequence[str]) -> str:
    # A column of nothing but NULL would be taken for text.
    kinds = [model._meta.get_field(name).db_type(connection) for name in columns]
    new = ", ".join(
        f"{name} = CAST(v.column{n} AS {kind})"
        for n, (name, kind) in enumerate(zip(columns, kinds, strict=True), 1)
    )
    table, last = model._meta.db_table, len(columns) + 1
    # Names of our own, never input.
    begin = f"UPDATE {table} SET {new}"  # noqa: S608
    return f"{begin} FROM (VALUES {{}}) AS v WHERE {table}.id = v.column{last}"


def _one_by_one(statement: str, rows: Rows) -> None:
    # Inside the process a prepared statement for each row is the cheapest.
    values = list(_stored(rows))
    if not values:
        return
    with connection.cursor() as cursor:
        cursor.executemany(statement, values)


def _in_groups(statement: str, width: int, rows: Rows) -> None:
    # Over a socket every statement costs a way there and back.
    with connection.cursor() as cursor:
        for some in batched(_stored(rows), ROWS_AT_ONCE, strict=False):
            marks = ", ".join([_marks(width)] * len(some))
            cursor.execute(statement.format(marks), list(chain.from_iterable(some)))


def _marks(width: int) -> str:
    return f"({', '.join(['%s'] * width)})"


def _stored(rows: Rows) -> Iterable[list[Any]]:
    moments: dict[datetime, object] = {}
    for row in rows:
        values = list(row)
        for n, value in enumerate(values):
            if isinstance(value, datetime):
                if value not in moments:
                    moments[value] = stored_moment(value)
                values[n] = moments[value]
        yield values


def stored_moment(at: datetime) -> object:
    """Return the moment as the database's driver takes and gives it."""
    return connection.ops.adapt_datetimefield_value(at)
