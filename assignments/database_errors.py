"""Errors of a database that cannot be used now: away, recovering, full, locked or read-only."""

from typing import Final

from django.db.utils import InterfaceError, InternalError, OperationalError

# PostgreSQL counts writing to a read-only database as an internal error.
UNAVAILABLE_ERRORS: Final = (OperationalError, InterfaceError, InternalError)


def first_line(error: Exception) -> str:
    """Return what went wrong in one line."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
