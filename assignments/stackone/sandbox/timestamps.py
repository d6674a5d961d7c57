"""Format and parse timestamps as the API does."""

import re
from datetime import UTC, datetime

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def format_timestamp(moment: datetime) -> str:
    """Format a datetime in UTC with milliseconds; later ones sort after earlier ones as text."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def current_timestamp() -> str:
    """Return the current time as text."""
    return format_timestamp(datetime.now(UTC))


def normalise_timestamp(text: str) -> str:
    """Rewrite a full RFC 3339 date-time in UTC.

    :raises ValueError: the offset or the time of day is missing, or there is no such day
    """
    if not _RFC_3339.fullmatch(text):
        raise ValueError(text)
    try:
        return format_timestamp(datetime.fromisoformat(text.upper()))
    except OverflowError as error:
        raise ValueError(text) from error
