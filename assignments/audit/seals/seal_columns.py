"""The columns of stored seals: what the signed text and the log say of a seal must be in them."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from assignments.models import LogEntry, LogSeal

ACTION = "log.sealed"
# When each seal was made and why, by its number.
RecordedSeals = Mapping[int, tuple[datetime, str]]


def key_name(name: str, key_id: bytes) -> str:
    """Return how the column `key` names a key: by its name and id."""
    return f"{name}+{key_id.hex()}"


def recorded_seals(numbers: Iterable[int] | None = None) -> dict[int, tuple[datetime, str]]:
    """Return when and why each seal was made, by its number, from the entries about them."""
    entries = LogEntry.objects.filter(action=ACTION)
    if numbers is not None:
        entries = entries.filter(subject__in=[f"seal/{number}" for number in numbers])
    rows = entries.order_by("-seq").values_list("subject", "at", "result")
    named = ((subject.partition("/")[2], at, reason) for subject, at, reason in rows)
    return {int(number): (at, reason) for number, at, reason in named if number.isdecimal()}


def column_fault(row: LogSeal, *, size: int, key: str, recorded: RecordedSeals) -> str:
    """Return why the columns of a seal are not those it was stored with; empty if they are.

    An entry about the seal may have been pruned.

    :param size: what the signed text says
    :param key: the name and id of the key that signed it
    """
    at, reason = recorded.get(row.number, (row.at, row.reason))
    expected = {"size": size, "key": key, "at": at, "reason": reason}
    wrong = [name for name, value in expected.items() if getattr(row, name) != value]
    if not wrong:
        return ""
    source = "signed text" if {"size", "key"} & set(wrong) else "entry in the log"
    return f"has another {' and '.join(wrong)} in the database than in its {source}."
