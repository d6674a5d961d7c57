"""Refusing to run on a database that is not there yet, in one line instead of a trace."""

from django.core.management import CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


def require_prepared_database() -> None:
    """Check that every migration is applied.

    :raises CommandError: with the command that brings the database up to date
    """
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise CommandError("The database is not up to date. Run: manage.py prepare")
