"""What the audit pages ask besides the entries themselves."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.db.models import QuerySet

from assignments.models import LogEntry, LogHead, LogSeal, PersonalValue, Verification

NAMES: Final = {
    "confirmed_by": "Confirmed by",
    "due_at": "Due",
    "is_full": "Whole directory",
    "plan_digest": "Plan hash",
    "remote_id": "LMS record",
    "seq": "First in question",
}
CONFIRMATIONS: Final = {
    "response": "the response of the LMS",
    "response_without_id": "the response of the LMS, which named no record",
    "read_back": "a read-back from the LMS",
}


def log_size() -> int:
    """Return how many entries the log has."""
    return LogHead.entries()


def submitted_sha256(batch_pk: int) -> str:
    """Return the hash of the plan that was submitted as this batch, or nothing.

    The first entry says it: later ones would be somebody's who wants another plan sent.
    """
    entries = LogEntry.objects.filter(subject=f"batch/{batch_pk}", action="batch.submitted")
    body = entries.order_by("seq").values_list("body", flat=True).first()
    return str(json.loads(bytes(body))["detail"]["plan_digest"]) if body else ""


def cleared_sha256(batch_pk: int) -> str:
    """Return the hash of the plan that may be sent as this batch, or nothing.

    It was submitted, and, if its submission says that it needs this, approved by somebody else.
    """
    told = LogEntry.objects.filter(
        subject=f"batch/{batch_pk}", action__in=["batch.submitted", "batch.approved"]
    )
    entries = [
        (action, actor, json.loads(bytes(body))["detail"])
        for action, actor, body in told.order_by("seq").values_list("action", "actor", "body")
    ]
    submission = next((entry for entry in entries if entry[0] == "batch.submitted"), None)
    if submission is None:
        return ""
    _, submitter, submitted = submission
    sha256 = str(submitted["plan_digest"])
    is_approved = any(
        action == "batch.approved" and actor != submitter and detail["plan_digest"] == sha256
        for action, actor, detail in entries
    )
    return sha256 if is_approved or "approval" not in submitted else ""


def request_of(subject: str) -> str:
    """Return the id of the request that last asked for something to be done with the subject."""
    asked = LogEntry.objects.filter(subject=subject).exclude(request_id="").order_by("-seq")
    return asked.values_list("request_id", flat=True).first() or ""


def verifications() -> QuerySet[Verification]:
    """Return every check of the log, newest first."""
    return Verification.objects.order_by("-at", "-pk")


def seals() -> QuerySet[LogSeal]:
    """Return every seal, newest first."""
    return LogSeal.objects.order_by("-number")


def actors() -> list[tuple[str, str]]:
    """Return everybody who may act, as (ref, name), for the filter."""
    users = get_user_model().objects.order_by("name", "pk").values_list("pk", "name")
    return [*((f"user/{pk}", name) for pk, name in users), ("system", "The system")]


def names(refs: Iterable[str]) -> dict[str, str]:
    """Return the name that is known of each of the refs, if it is not erased."""
    known = PersonalValue.objects.filter(ref__in=set(refs), field="name").order_by("commitment")
    return {"system": "the system", **dict(known.values_list("ref", "value"))}


def neighbours(seq: int, first: int, size: int) -> tuple[int | None, int | None]:
    """Return the numbers of the entries before and after, in a log that begins with `first`."""
    return (seq - 1 if seq > first else None, seq + 1 if seq + 1 < size else None)


def facts(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what else an entry's detail says, name by name; what is empty is left out."""
    detail = body.get("detail") or {}
    hidden = {"request", "reply"}
    said = [(name, _plain(value)) for name, value in detail.items() if name not in hidden]
    return [(NAMES.get(name, _spelt(name)), value) for name, value in said if value]


def proofs(subjects: list[str]) -> dict[str, int]:
    """Return the number of the newest outcome entry of each of the assignments."""
    outcomes = LogEntry.objects.filter(subject__in=subjects).order_by("seq")
    return dict(outcomes.values_list("subject", "seq"))


def _plain(value: object) -> str:
    if isinstance(value, Mapping):
        return _parts(value)
    if isinstance(value, list):
        return " ".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else CONFIRMATIONS.get(str(value), str(value))


def _parts(value: Mapping[str, object]) -> str:
    if "title" in value:
        return ", ".join(str(value[name]) for name in ("title", "reference") if value.get(name))
    return ", ".join(f"{_spelt(name).lower()} {_plain(part)}" for name, part in value.items())


def _spelt(name: str) -> str:
    return name.replace("_", " ").capitalize()
