"""Bulk inserts and updates without model instances."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from itertools import batched, chain
from typing import Any, Final, LiteralString

from django.db import connection
from django.db.models import DateTimeField, Model

from assignments.models.sql.statements import Sql, format_sql

# SQLite caches recent statements, and a long one takes a megabyte.
ROWS_PER_STATEMENT: Final = {"sqlite": 100, "postgresql": 1_000}
# The remaining braces are for the rows of a group.
INSERT: Final = "INSERT INTO {table} ({columns}) {{}}"
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
        statement = _insert_statement(model, tuple(columns), ignore_conflicts)
        _in_groups(statement, model, columns, rows)


def upsert(model: type[Model], columns: Sequence[str], key: Sequence[str], rows: Rows) -> None:
    """Insert rows; update those whose key exists."""
    change = "{name} = excluded.{name}"
    statement = _upsert_statement(model, tuple(columns), tuple(key), change)
    _in_groups(statement, model, columns, rows)


def add(model: type[Model], key: str, columns: Sequence[str], rows: Rows) -> None:
    """Insert rows; where the key exists, add the numbers to the stored ones.

    :param rows: each begins with its key
    """
    columns, change = (key, *columns), "{name} = {table}.{name} + excluded.{name}"
    _in_groups(_upsert_statement(model, columns, (key,), change), model, columns, rows)


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
    names, values = tuple(name for name, _ in shared), [value for _, value in shared]
    (params,) = _stored(model, names, [values])
    statement = _update_statement(model, tuple(columns), names)
    _in_groups(statement, model, (*columns, "id"), rows, params)


def release_memory() -> None:
    """Free the connection's page cache.

    SQLite keeps up to 32 MB, which are useless after reading a table once from end to end.
    """
    if connection.vendor == "sqlite":
        connection.connection.execute("PRAGMA shrink_memory")


@cache
def _insert_statement(model: type[Model], columns: tuple[str, ...], ignore_conflicts: bool) -> Sql:
    template = INSERT + (" ON CONFLICT DO NOTHING" if ignore_conflicts else "")
    return format_sql(template, table=model, columns=columns)


@cache
def _upsert_statement(
    model: type[Model], columns: tuple[str, ...], key: tuple[str, ...], change: LiteralString
) -> Sql:
    names = [name for name in columns if name not in key]
    return format_sql(
        INSERT + " ON CONFLICT ({key}) DO UPDATE SET {changes}",
        table=model,
        columns=columns,
        key=key,
        changes=[format_sql(change, name=name, table=model) for name in names],
    )


@cache
def _update_statement(model: type[Model], columns: tuple[str, ...], shared: tuple[str, ...]) -> Sql:
    assignments = [format_sql("{name} = %s", name=name) for name in shared]
    assignments += [
        format_sql("{name} = v.{value}", name=name, value=value)
        for name, value in zip(columns, _value_columns(columns), strict=True)
    ]
    return format_sql(
        "UPDATE {table} SET {assignments} FROM ({{}}) AS v WHERE {table}.id = v.{last}",
        table=model,
        assignments=assignments,
        last=f"column{len(columns) + 1}",
    )


def _copy(model: type[Model], columns: Sequence[str], rows: Rows) -> None:
    # COPY takes a third of the time of an INSERT, which spends most of it on parsing.
    statement = format_sql("COPY {table} ({columns}) FROM STDIN", table=model, columns=columns)
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
        for group in batched(values, size):
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
    arrays = [list(column) for column in zip(*rows, strict=True)]
    return _select_from_arrays(model, tuple(columns)), arrays


@cache
def _select_from_arrays(model: type[Model], columns: tuple[str, ...]) -> Sql:
    types = (model._meta.get_field(name).db_type(connection) for name in columns)
    return format_sql(
        "SELECT * FROM unnest({arrays}) AS v ({names})",
        # A type is not always an identifier: timestamp with time zone.
        arrays=[Sql(f"%s::{name}[]") for name in types],
        names=_value_columns(columns),
    )


def _value_columns(columns: Sequence[str]) -> list[str]:
    """Return the names that the columns have in a table expression, as SQLite gives them."""
    return [f"column{number}" for number in range(1, len(columns) + 1)]


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
