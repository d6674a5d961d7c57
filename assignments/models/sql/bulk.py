"""Bulk inserts and updates without model instances."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from itertools import batched, chain
from typing import Any, Final

from django.db import connection
from django.db.models import DateTimeField, Model

# SQLite caches recent statements, and a long one takes a megabyte.
ROWS_PER_STATEMENT: Final = {"sqlite": 100, "postgresql": 1_000}
# A column stores values of any type that the database driver takes.
type Values = Sequence[Any]
type Rows = Iterable[Values]


def insert(
    model: type[Model], columns: Sequence[str], rows: Rows, *, ignore_conflicts: bool = False
) -> None:
    """Insert rows of database values; datetimes may be in any time zone.

    :param ignore_conflicts: skip rows that violate a unique constraint
    """
    if connection.vendor == "postgresql" and not ignore_conflicts:
        _copy(model, columns, rows)
    else:
        end = " ON CONFLICT DO NOTHING" if ignore_conflicts else ""
        _in_groups(f"{_insert_into(model, columns)} {{}}{end}", model, columns, rows)


def upsert(model: type[Model], columns: Sequence[str], key: Sequence[str], rows: Rows) -> None:
    """Insert rows; update those whose key exists."""
    assignments = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in key)
    # Names of tables and columns, never input.
    end = f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {assignments}"
    _in_groups(f"{_insert_into(model, columns)} {{}}{end}", model, columns, rows)


def add(model: type[Model], key: str, columns: Sequence[str], rows: Rows) -> None:
    """Insert rows; where the key exists, add the numbers to the stored ones.

    :param rows: each begins with its key
    """
    sums = ", ".join(
        f"{name} = {model._meta.db_table}.{name} + excluded.{name}" for name in columns
    )
    # Names of tables and columns, never input.
    end = f" ON CONFLICT ({key}) DO UPDATE SET {sums}"
    _in_groups(f"{_insert_into(model, (key, *columns))} {{}}{end}", model, (key, *columns), rows)


def update(
    model: type[Model],
    columns: Sequence[str],
    rows: Rows,
    *,
    shared: Sequence[tuple[str, object]] = (),
) -> None:
    """Update columns of existing rows.

    :param rows: for each row the values in the order of `columns`, then its id
    :param shared: columns, each with the new value that is the same for every row
    """
    table, last = model._meta.db_table, len(columns) + 1
    assignments = [f"{name} = %s" for name, _ in shared]
    assignments += [f"{name} = v.column{number}" for number, name in enumerate(columns, 1)]
    # Names of tables and columns, never input.
    statement = (
        f"UPDATE {table} SET {', '.join(assignments)} "  # noqa: S608
        f"FROM ({{}}) AS v WHERE {table}.id = v.column{last}"
    )
    names, values = [name for name, _ in shared], [value for _, value in shared]
    (params,) = _stored(model, names, [values])
    _in_groups(statement, model, (*columns, "id"), rows, params)


def release_memory() -> None:
    """Free the connection's page cache.

    SQLite keeps up to 32 MB, which are useless after reading a table once from end to end.
    """
    if connection.vendor == "sqlite":
        connection.connection.execute("PRAGMA shrink_memory")


def _insert_into(model: type[Model], columns: Sequence[str]) -> str:
    return f"INSERT INTO {model._meta.db_table} ({', '.join(columns)})"


def _copy(model: type[Model], columns: Sequence[str], rows: Rows) -> None:
    # COPY takes a third of the time of an INSERT, which spends most of it on parsing.
    statement = f"COPY {model._meta.db_table} ({', '.join(columns)}) FROM STDIN"
    values = iter(_stored(model, columns, rows))
    first = next(values, None)
    if first is None:
        return
    errors = connection.wrap_database_errors
    with connection.cursor() as cursor, errors, cursor.copy(statement) as copy:
        for row in chain([first], values):
            copy.write_row(row)


def _in_groups(
    statement: str, model: type[Model], columns: Sequence[str], rows: Rows, params: Values = ()
) -> None:
    """Run the statement for groups of rows, with a table expression of the rows for `{}`.

    `params` are those of the statement before the `{}`.

    On PostgreSQL every statement costs a round trip. On SQLite each makes the trigram index begin a
    savepoint, which takes longer than inserting an entry.
    """
    table = _array_table if connection.vendor == "postgresql" else _values_table
    values, size = _stored(model, columns, rows), ROWS_PER_STATEMENT[connection.vendor]
    with connection.cursor() as cursor:
        for group in batched(values, size, strict=False):
            expression, of_group = table(model, columns, group)
            cursor.execute(statement.format(expression), [*params, *of_group])


def _values_table(
    _: type[Model], columns: Sequence[str], rows: Sequence[Values]
) -> tuple[str, Values]:
    placeholders = f"({', '.join(['%s'] * len(columns))})"
    return f"VALUES {', '.join([placeholders] * len(rows))}", list(chain.from_iterable(rows))


def _array_table(
    model: type[Model], columns: Sequence[str], rows: Sequence[Values]
) -> tuple[str, Values]:
    """Return a table expression of one array a column: its length is independent of the rows."""
    types = [model._meta.get_field(name).db_type(connection) for name in columns]
    arrays = ", ".join(f"%s::{name}[]" for name in types)
    names = ", ".join(f"column{number}" for number in range(1, len(columns) + 1))
    # Names of tables and columns, never input.
    statement = f"SELECT * FROM unnest({arrays}) AS v ({names})"  # noqa: S608
    return statement, [list(column) for column in zip(*rows, strict=True)]


def _stored(model: type[Model], columns: Sequence[str], rows: Rows) -> Rows:
    indexes = _datetime_columns(model, tuple(columns))
    stored: dict[datetime, object] = {}
    for row in rows:
        values = list(row)
        for n in indexes:
            value = values[n]
            if isinstance(value, datetime):
                if value not in stored:
                    stored[value] = stored_datetime(value)
                values[n] = stored[value]
        yield values


@cache
def _datetime_columns(model: type[Model], columns: tuple[str, ...]) -> list[int]:
    """Return the indexes of the columns that hold datetimes."""
    fields = {field.column: field for field in model._meta.concrete_fields}
    return [n for n, name in enumerate(columns) if isinstance(fields[name], DateTimeField)]


def stored_datetime(at: datetime) -> object:
    """Return the datetime as the database driver stores it."""
    return connection.ops.adapt_datetimefield_value(at)
