"""The audit log as pages and services query it, besides searching its entries."""

from collections.abc import Mapping
from typing import Final

from django.contrib.auth import get_user_model
from django.db.models import QuerySet

from assignments.models import LogEntry, LogHead, LogSeal, Verification
from assignments.queries.evidence import EntryBody

FIELD_LABELS: Final = {
    "confirmed_by": "Confirmed by",
    "due_at": "Due",
    "is_full": "Whole directory",
    "plan_digest": "Plan hash",
    "remote_id": "LMS record",
    "seq": "First in question",
}
CONFIRMATIONS: Final = {
    "response": "the response of the LMS",
    "read_back": "a read-back from the LMS",
}


def log_size() -> int:
    """Return the number of entries in the log."""
    return LogHead.entries()


def last_request_id(subject: str) -> str:
    """Return the id of the last request that acted on the subject; empty without one."""
    entries = LogEntry.objects.filter(subject=subject).exclude(request_id="").order_by("-seq")
    return entries.values_list("request_id", flat=True).first() or ""


def verifications() -> QuerySet[Verification]:
    """Return the verifications of the log, newest first."""
    return Verification.objects.order_by("-at", "-pk")


def seals() -> QuerySet[LogSeal]:
    """Return the seals, newest first."""
    return LogSeal.objects.order_by("-number")


def actors() -> list[tuple[str, str]]:
    """Return all possible actors as (ref, name), for the filter."""
    users = get_user_model().objects.order_by("name", "pk").values_list("pk", "name")
    return [*((f"user/{pk}", name) for pk, name in users), ("system", "The system")]


def neighbouring_entries(seq: int, first: int, size: int) -> tuple[int | None, int | None]:
    """Return the numbers of the previous and next entry, in a log that begins with `first`."""
    return (seq - 1 if seq > first else None, seq + 1 if seq + 1 < size else None)


def detail_fields(body: EntryBody) -> list[tuple[str, str]]:
    """Return labels and texts of an entry's detail, without request, response and empty values."""
    detail = body.get("detail") or {}
    hidden = {"request", "response"}
    texts = [(name, _text(value)) for name, value in detail.items() if name not in hidden]
    return [(FIELD_LABELS.get(name, _label(name)), value) for name, value in texts if value]


def newest_entries(subjects: list[str]) -> dict[str, int]:
    """Return the number of the newest entry of each of the assignments."""
    outcomes = LogEntry.objects.filter(subject__in=subjects).order_by("seq")
    return dict(outcomes.values_list("subject", "seq"))


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        return _mapping_text(value)
    if isinstance(value, list):
        parts = [_text(part) for part in value]
        return ("; " if any(isinstance(part, Mapping) for part in value) else " ").join(parts)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else CONFIRMATIONS.get(str(value), str(value))


def _mapping_text(value: Mapping[str, object]) -> str:
    if "title" in value:
        return ", ".join(str(value[name]) for name in ("title", "reference") if value.get(name))
    return ", ".join(f"{_label(name).lower()} {_text(part)}" for name, part in value.items())


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()
