"""Triggers refuse to change or delete an entry, on SQLite and PostgreSQL."""

import pytest
from django.db import DatabaseError, connection, transaction

from assignments.audit.integrity import triggers
from assignments.models import LogEntry, PersonalValue
from tests.log_fixtures import write_log

pytestmark = pytest.mark.core

REPLACE = (
    "INSERT OR REPLACE INTO {table} SELECT * FROM {table} WHERE seq = 0"
    if connection.vendor == "sqlite"
    else "INSERT INTO {table} SELECT * FROM {table} WHERE seq = 0 "
    "ON CONFLICT (seq) DO UPDATE SET result = 'other'"
)
EMPTY = "DELETE FROM {table}" if connection.vendor == "sqlite" else "TRUNCATE {table}"


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("UPDATE {table} SET result = 'other' WHERE seq = 1", id="an update"),
        pytest.param("DELETE FROM {table} WHERE seq = 2", id="a delete"),
        pytest.param(REPLACE, id="a replacement"),
        pytest.param(EMPTY, id="emptying the table"),
    ],
)
def test_the_database_refuses(db: None, statement: str) -> None:
    write_log(3)
    before = list(LogEntry.objects.order_by("seq").values())

    with (
        pytest.raises(DatabaseError, match="The audit log is append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(table=triggers.ENTRIES))

    assert list(LogEntry.objects.order_by("seq").values()) == before


REPLACE_NAME = (
    "INSERT OR REPLACE INTO {table} SELECT commitment, ref, field, 'X', 'x', salt FROM {table}"
    if connection.vendor == "sqlite"
    else "INSERT INTO {table} SELECT * FROM {table} ON CONFLICT (commitment) DO UPDATE SET ref = ''"
)


@pytest.mark.parametrize(
    "statement",
    [
        *(
            pytest.param(f"UPDATE {{table}} SET {column} = salt", id=f"an update of {column}")
            for column in ("ref", "field", "value", "search_text", "salt")
        ),
        pytest.param(REPLACE_NAME, id="a replacement"),
    ],
)
def test_the_database_refuses_to_change_a_name(db: None, statement: str) -> None:
    write_log(1)
    before = list(PersonalValue.objects.order_by("pk").values())
    if connection.vendor == "postgresql":
        statement = statement.replace("= salt", "= NULL")

    with (
        pytest.raises(DatabaseError, match="Names beside the audit log are never changed"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(table=triggers.NAMES))

    assert list(PersonalValue.objects.order_by("pk").values()) == before


def test_the_triggers_protect_the_tables_of_the_log() -> None:
    tables = (LogEntry._meta.db_table, PersonalValue._meta.db_table)
    assert tables == (triggers.ENTRIES, triggers.NAMES)


def test_entries_can_be_appended(db: None) -> None:
    write_log(2)
    write_log(1)

    assert LogEntry.objects.count() == 3


def test_deletes_are_allowed_only_in_the_block(db: None) -> None:
    write_log(2)

    with triggers.deletes_allowed(connection, triggers.ENTRIES):
        LogEntry.objects.filter(seq=0)._raw_delete("default")

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        LogEntry.objects.filter(seq=1)._raw_delete("default")
    assert list(LogEntry.objects.values_list("seq", flat=True)) == [1]
