"""Checks of the database before a process starts, with one line that says what to do."""

from typing import Final

from django.core.management import CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from assignments.audit.log import pin_mac_key
from assignments.audit.signing.keys import KeyUnavailable

APPS: Final = frozenset({"access", "assignments"})


def require_prepared_database() -> None:
    """Check that every migration is applied, and that the log can be written.

    :raises CommandError: with the command that brings the database up to date, or what to set
    """
    executor = MigrationExecutor(connection)
    _refuse_unknown_migrations(executor.loader)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise CommandError("The database is not up to date. Run: manage.py prepare")
    pin_audit_key()


def pin_audit_key() -> None:
    """Check that the log can be written with the key of MACs; pin it if it is the first.

    :raises CommandError: with what to set
    """
    try:
        pin_mac_key(now=timezone.now())
    except KeyUnavailable as problem:
        raise CommandError(str(problem)) from problem


def refuse_foreign_database() -> None:
    """Check that this version knows every migration that made the database.

    :raises CommandError: if not, as with a database from before the first release
    """
    _refuse_unknown_migrations(MigrationLoader(connection))


def _refuse_unknown_migrations(loader: MigrationLoader) -> None:
    unknown = sorted(
        f"{app}.{name}"
        for app, name in loader.applied_migrations
        if app in APPS and (app, name) not in loader.disk_migrations
    )
    if unknown:
        raise CommandError(
            f"This version cannot use the database: another one made it ({unknown[0]}). {_remedy()}"
        )


def _remedy() -> str:
    if connection.vendor == "sqlite":
        return f"Make a new one: move {connection.settings_dict['NAME']} away and start again."
    return "Make a new one: set DATABASE_URL to an empty database and start again."
