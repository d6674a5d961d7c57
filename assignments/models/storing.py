"""Adding and changing many rows at once, without a model instance for each."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from itertools import batched, chain
from typing import Any, Final

from django.db import connection
from django.db.models import DateTimeField, Model

ROWS_AT_ONCE: Final = 500
type Rows = Iterable[Sequence[Any]]


def insert(
    model: type[Model],
    columns: Sequence[str],
    rows: Rows,
    *,
    ignore_conflicts: bool = False,
    replaces: Sequence[str] = (),
) -> None:
    """Insert the rows, whose values are as the columns hold them; moments may be in any zone.

    :param ignore_conflicts: leave out rows that a unique constraint forbids
    :param replaces: unique columns; where a row has the same, the other columns get the new values
    """
    # Names of our own, never input.
    into = f"INSERT INTO {model._meta.db_table} ({', '.join(columns)}) "
    end = " ON CONFLICT DO NOTHING" if ignore_conflicts else ""
    _insert_all(into, end, len(columns), _stored(model, columns, rows))


def upsert(model: type[Model], columns: Sequence[str], key: Sequence[str], rows: Rows) -> None:
    """Insert the rows; one whose key is there already takes the new values."""
    new = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in key)
    # Names of our own, never input.
    into = f"INSERT INTO {model._meta.db_table} ({', '.join(columns)}) "
    end = f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {new}"  # nosec B608
    _insert_all(into, end, len(columns), _stored(model, columns, rows))


def update(model: type[Model], columns: Sequence[str], rows: Rows) -> None:
    """Give the columns of many rows their new values.

    :param rows: for each row the values in the order of `columns`, then its id
    """
    values = _stored(model, columns, rows)
    if connection.vendor == "postgresql":
        _in_groups(_update_of_a_group(model, columns), len(columns) + 1, values)
    else:
        new = ", ".join(f"{name} = %s" for name in columns)
        # Names of our own, never input.
        _one_by_one(f"UPDATE {model._meta.db_table} SET {new} WHERE id = %s", values)  # noqa: S608  # nosec B608


def forget_pages() -> None:
    """Let go of what the connection keeps in memory of what it read.

    SQLite keeps 32 MB; who reads a table once from end to end needs none of it again.
    """
    if connection.vendor == "sqlite":
        connection.connection.execute("PRAGMA shrink_memory")


def _insert_all(into: str, end: str, width: int, values: Rows) -> None:
    if connection.vendor == "postgresql":
        _in_groups(f"{into} VALUES {{}}{end}", width, values)
    else:
        _one_by_one(f"{into} VALUES {_marks(width)}{end}", values)


def _update_of_a_group(model: type[Model], columns: Sequence[str]) -> str:
    # A column of nothing but NULL would be taken for text.
    kinds = [model._meta.get_field(name).db_type(connection) for name in columns]
    new = ", ".join(
        f"{name} = CAST(v.column{n} AS {kind})"
        for n, (name, kind) in enumerate(zip(columns, kinds, strict=True), 1)
    )
    table, last = model._meta.db_table, len(columns) + 1
    # Names of our own, never input.
    begin = f"UPDATE {table} SET {new}"  # noqa: S608  # nosec B608
    return f"{begin} FROM (VALUES {{}}) AS v WHERE {table}.id = v.column{last}"


def _one_by_one(statement: str, rows: Rows) -> None:
    # Inside the process a prepared statement for each row is the cheapest.
    values = list(rows)
    if not values:
        return
    with connection.cursor() as cursor:
        cursor.executemany(statement, values)


def _in_groups(statement: str, width: int, rows: Rows) -> None:
    # Over a socket every statement costs a way there and back.
    with connection.cursor() as cursor:
        for some in batched(rows, ROWS_AT_ONCE, strict=False):
            marks = ", ".join([_marks(width)] * len(some))
            cursor.execute(statement.format(marks), list(chain.from_iterable(some)))


def _marks(width: int) -> str:
    return f"({', '.join(['%s'] * width)})"


def _stored(model: type[Model], columns: Sequence[str], rows: Rows) -> Iterable[Sequence[Any]]:
    moments = _moments(model, tuple(columns))
    stored: dict[datetime, object] = {}
    for row in rows:
        values = list(row)
        for n in moments:
            moment = values[n]
            if isinstance(moment, datetime):
                if moment not in stored:
                    stored[moment] = stored_moment(moment)
                values[n] = stored[moment]
        yield values


@cache
def _moments(model: type[Model], columns: tuple[str, ...]) -> list[int]:
    """Return where the columns hold moments."""
    fields = {field.column: field for field in model._meta.concrete_fields}
    return [n for n, name in enumerate(columns) if isinstance(fields[name], DateTimeField)]


def stored_moment(at: datetime) -> object:
    """Return the moment as the database's driver takes and gives it."""
    return connection.ops.adapt_datetimefield_value(at)
