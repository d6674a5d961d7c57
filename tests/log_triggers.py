"""Take the log's triggers away and put them back, as somebody who owns the database could."""

from importlib import import_module

from django.db.backends.base.base import BaseDatabaseWrapper

MIGRATION = import_module("assignments.migrations.0002_triggers_and_indexes")


def install(connection: BaseDatabaseWrapper, *tables: str) -> None:
    """Make the database refuse changes of entries and seals, as the migration does."""
    is_sqlite = connection.vendor == "sqlite"
    script = MIGRATION.SQLITE_APPEND_ONLY if is_sqlite else MIGRATION.POSTGRESQL_APPEND_ONLY
    with connection.cursor() as cursor:
        for table in tables or MIGRATION.APPEND_ONLY:
            key = MIGRATION.APPEND_ONLY[table]
            MIGRATION.run(cursor, script.format(table=table, key=key, refusal=MIGRATION.REFUSAL))


def remove(connection: BaseDatabaseWrapper, *tables: str) -> None:
    """Take the refusal away again."""
    with connection.cursor() as cursor:
        for table in tables or MIGRATION.APPEND_ONLY:
            if connection.vendor == "postgresql":
                cursor.execute(f"DROP TRIGGER IF EXISTS log_is_append_only ON {table}")
            else:
                for change in ("update", "delete", "replace"):
                    cursor.execute(f"DROP TRIGGER IF EXISTS {table}_refuses_{change}")


def remove_from_names(connection: BaseDatabaseWrapper) -> None:
    """Let names beside the log be changed."""
    table, _ = MIGRATION.NAMES
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"DROP TRIGGER IF EXISTS names_are_unchanged ON {table}")
            return
        for change in ("update", "replace"):
            cursor.execute(f"DROP TRIGGER IF EXISTS {table}_refuses_{change}")


def install_on_names(connection: BaseDatabaseWrapper) -> None:
    """Make the database refuse changes of names beside the log, as the migration does."""
    is_sqlite = connection.vendor == "sqlite"
    script = MIGRATION.SQLITE_UNCHANGED if is_sqlite else MIGRATION.POSTGRESQL_UNCHANGED
    table, key = MIGRATION.NAMES
    with connection.cursor() as cursor:
        MIGRATION.run(cursor, script.format(table=table, key=key, refusal=MIGRATION.NAMES_REFUSAL))
