"""Adding and changing many rows at once, without a model instance for each."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from itertools import batched, chain
from typing import Any, Final

from django.db import connection
from django.db.models import DateTimeField, Model

# SQLite keeps every statement it has seen lately, and a long one takes a megabyte.
ROWS_AT_ONCE: Final = {"sqlite": 100, "postgresql": 1_000}
type Rows = Iterable[Sequence[Any]]


def insert(
    model: type[Model], columns: Sequence[str], rows: Rows, *, ignore_conflicts: bool = False
) -> None:
    """Insert the rows, whose values are as the columns hold them; moments may be in any zone.

    :param ignore_conflicts: leave out rows that a unique constraint forbids
    """
    if connection.vendor == "postgresql" and not ignore_conflicts:
        _copy(model, columns, rows)
    else:
        end = " ON CONFLICT DO NOTHING" if ignore_conflicts else ""
        _in_groups(f"{_into(model, columns)} {{}}{end}", model, columns, rows)


def upsert(model: type[Model], columns: Sequence[str], key: Sequence[str], rows: Rows) -> None:
    """Insert the rows; one whose key is there already takes the new values."""
    new = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in key)
    # Names of our own, never input.
    end = f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {new}"  # nosec B608
    _in_groups(f"{_into(model, columns)} {{}}{end}", model, columns, rows)


def add(model: type[Model], key: str, columns: Sequence[str], rows: Rows) -> None:
    """Insert the rows; where the key is there already its numbers grow by the new ones.

    :param rows: each with its key first
    """
    grown = ", ".join(
        f"{name} = {model._meta.db_table}.{name} + excluded.{name}" for name in columns
    )
    # Names of our own, never input.
    end = f" ON CONFLICT ({key}) DO UPDATE SET {grown}"  # nosec B608
    _in_groups(f"{_into(model, (key, *columns))} {{}}{end}", model, (key, *columns), rows)


def update(model: type[Model], columns: Sequence[str], rows: Rows) -> None:
    """Give the columns of many rows their new values.

    :param rows: for each row the values in the order of `columns`, then its id
    """
    table, last = model._meta.db_table, len(columns) + 1
    new = ", ".join(f"{name} = v.column{number}" for number, name in enumerate(columns, 1))
    # Names of our own, never input.
    statement = f"UPDATE {table} SET {new} FROM ({{}}) AS v WHERE {table}.id = v.column{last}"  # noqa: S608  # nosec B608
    _in_groups(statement, model, (*columns, "id"), rows)


def forget_pages() -> None:
    """Let go of what the connection keeps in memory of what it read.

    SQLite keeps 32 MB; who reads a table once from end to end needs none of it again.
    """
    if connection.vendor == "sqlite":
        connection.connection.execute("PRAGMA shrink_memory")


def _into(model: type[Model], columns: Sequence[str]) -> str:
    return f"INSERT INTO {model._meta.db_table} ({', '.join(columns)})"


def _copy(model: type[Model], columns: Sequence[str], rows: Rows) -> None:
    # A third of what an INSERT costs, most of which is spent on its text.
    statement = f"COPY {model._meta.db_table} ({', '.join(columns)}) FROM STDIN"
    values = iter(_stored(model, columns, rows))
    first = next(values, None)
    if first is None:
        return
    errors = connection.wrap_database_errors
    with connection.cursor() as cursor, errors, cursor.copy(statement) as written:
        for row in chain([first], values):
            written.write_row(row)


def _in_groups(statement: str, model: type[Model], columns: Sequence[str], rows: Rows) -> None:
    """Run the statement for many rows at a time; `{}` is where it wants the table of them.

    Over a socket every statement costs a way there and back. Inside the process each makes the
    index of trigrams begin a savepoint, which costs more than to insert an entry.
    """
    table = _array_table if connection.vendor == "postgresql" else _values_table
    values, most = _stored(model, columns, rows), ROWS_AT_ONCE[connection.vendor]
    with connection.cursor() as cursor:
        for some in batched(values, most, strict=False):
            found, params = table(model, columns, some)
            cursor.execute(statement.format(found), params)


def _values_table(
    _: type[Model], columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> tuple[str, list[Any]]:
    marks = f"({', '.join(['%s'] * len(columns))})"
    return f"VALUES {', '.join([marks] * len(rows))}", list(chain.from_iterable(rows))


def _array_table(
    model: type[Model], columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> tuple[str, list[Any]]:
    """Return a table of an array for each column: a text of one length, however many rows."""
    kinds = [model._meta.get_field(name).db_type(connection) for name in columns]
    arrays = ", ".join(f"%s::{kind}[]" for kind in kinds)
    names = ", ".join(f"column{number}" for number in range(1, len(columns) + 1))
    # Names of our own, never input.
    statement = f"SELECT * FROM unnest({arrays}) AS v ({names})"  # noqa: S608  # nosec B608
    return statement, [list(column) for column in zip(*rows, strict=True)]


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
