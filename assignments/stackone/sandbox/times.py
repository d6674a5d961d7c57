"""Moments as the LMS writes them, and as it is willing to read them."""

import re
from datetime import UTC, datetime

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def written(moment: datetime) -> str:
    """Write a moment in UTC with milliseconds, so that later ones sort after earlier ones."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def current() -> str:
    """Write the present moment."""
    return written(datetime.now(UTC))


def canonical(text: str) -> str:
    """Rewrite a full RFC 3339 date-time in UTC.

    :raises ValueError: the offset or the time of day is missing, or there is no such day
    """
    if not _RFC_3339.fullmatch(text):
        raise ValueError(text)
    try:
        return written(datetime.fromisoformat(text.upper()))
    except OverflowError as error:
        raise ValueError(text) from error
