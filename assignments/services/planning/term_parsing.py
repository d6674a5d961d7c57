"""Parse the optional terms of an assignment as people type them, on a page or the command line."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, time
from typing import Final

from django.conf import settings

from assignments.services.planning import passthrough
from assignments.services.planning.local_time import LocalTimeRefused, parse_local_time

MAX_PERCENT: Final = 100
MAX_REFERENCE: Final = 200
MAX_STATUS: Final = 100
_TIME: Final = re.compile("(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_PERCENT: Final = re.compile(r"([0-9]{1,3}(?:[.,][0-9]{1,2})?) ?%?")


class TermRefused(Exception):
    """A text cannot be sent as this term; the message says why and what to do."""


def parse_due_time(text: str) -> time | None:
    """Parse a time of day such as 17:00; None if it is empty.

    :raises TermRefused: if it is no time, or due dates have none (setting DUE_TIMES)
    """
    if not text.strip():
        return None
    if not settings.DUE_TIMES:
        raise TermRefused("Due dates have no time of day here: the setting DUE_TIMES is off.")
    if not _TIME.fullmatch(text.strip()):
        raise TermRefused("Enter the due time as hours and minutes, such as 17:00.")
    return time.fromisoformat(text.strip())


def parse_progress(text: str) -> float | None:
    """Parse a progress in percent; None if it is empty.

    :raises TermRefused: if it is not a number from 0 to 100 with at most two decimals
    """
    match = _PERCENT.fullmatch(text.strip())
    percent = float(match[1].replace(",", ".")) if match else None
    if text.strip() and (percent is None or percent > MAX_PERCENT):
        raise TermRefused("Enter the progress as a number from 0 to 100, such as 40 or 62.5.")
    return percent


def parse_reference(text: str) -> str:
    """Return an external reference with single spaces.

    :raises TermRefused: if it is too long or has characters that cannot be seen
    """
    return _one_line(text, "external reference", MAX_REFERENCE)


def parse_source_status(text: str) -> str:
    """Return an LMS status with single spaces.

    :raises TermRefused: if it is too long or has characters that cannot be seen
    """
    return _one_line(text, "LMS status", MAX_STATUS)


def parse_assigned_at(text: str) -> datetime | None:
    """Parse a time of assignment in the organisation's time zone into UTC; None if it is empty.

    :raises TermRefused: if it is not a date and time
    """
    try:
        return parse_local_time(text, what="time of assignment") if text.strip() else None
    except LocalTimeRefused as refusal:
        raise TermRefused(str(refusal)) from refusal


def parse_passthrough(text: str) -> str:
    """Return a passthrough as compact JSON; empty if it is.

    :raises TermRefused: if it is not a JSON object that can be sent
    """
    try:
        return passthrough.parse_passthrough(text)
    except passthrough.PassthroughRefused as refusal:
        raise TermRefused(str(refusal)) from refusal


# By the name of the term.
TERM_PARSERS: Final[Mapping[str, Callable[[str], object]]] = {
    "due_time": parse_due_time,
    "progress": parse_progress,
    "assigned_at": parse_assigned_at,
    "external_reference": parse_reference,
    "source_status": parse_source_status,
    "passthrough": parse_passthrough,
}


def _one_line(text: str, what: str, max_length: int) -> str:
    line = " ".join(text.split())
    if len(line) > max_length:
        raise TermRefused(f"Shorten the {what} to {max_length} characters.")
    if not line.isprintable():
        raise TermRefused(f"Type the {what} again: it has characters that cannot be seen.")
    return line
