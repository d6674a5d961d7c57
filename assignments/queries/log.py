"""What the audit pages ask besides the entries themselves."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.db.models import QuerySet

from assignments.models import LogEntry, LogHead, Verification

LEAF: Final = b"\x00"
NAMES: Final = {
    "due_at": "Due",
    "how": "Confirmed by",
    "is_full": "Whole directory",
    "plan_sha256": "Seal of the plan",
    "remote_id": "LMS record",
    "seq": "First in question",
}
HOW: Final = {
    "answer": "the answer of the LMS",
    "answer_without_id": "the answer of the LMS, which named no record",
    "read_back": "a look in the LMS",
}


@dataclass(frozen=True, slots=True)
class EntryCheck:
    """Whether an entry's bytes still give the hash that the tree holds."""

    is_intact: bool
    sha256: str
    recorded: str


def log_size() -> int:
    """Return how many entries the log has."""
    return LogHead.objects.values_list("size", flat=True).get()


def last_verification() -> Verification | None:
    """Return the newest check of the whole log."""
    return Verification.objects.order_by("-at", "-pk").first()


def verifications() -> QuerySet[Verification]:
    """Return every check of the whole log, newest first."""
    return Verification.objects.order_by("-at", "-pk")


def actors() -> list[tuple[str, str]]:
    """Return everybody who may act, as (ref, name), for the filter."""
    users = get_user_model().objects.order_by("name", "pk").values_list("pk", "name")
    return [*((f"user/{pk}", name) for pk, name in users), ("system", "The system")]


def entry_check(seq: int) -> EntryCheck:
    """Work the entry's hash out again (RFC 9162 §2.1) and compare it with the recorded one."""
    body, leaf = LogEntry.objects.values_list("body", "leaf").get(pk=seq)
    again = hashlib.sha256(LEAF + bytes(body)).hexdigest()
    return EntryCheck(again == bytes(leaf).hex(), again, bytes(leaf).hex())


def neighbours(seq: int, size: int) -> tuple[int | None, int | None]:
    """Return the numbers of the entries before and after."""
    return (seq - 1 if seq > 0 else None, seq + 1 if seq + 1 < size else None)


def evidence(body: Mapping[str, Any]) -> dict[str, str]:
    """Return the request and the reply that an entry keeps, as readable JSON."""
    detail = body.get("detail") or {}
    kept = {name: detail[name] for name in ("request", "reply") if detail.get(name)}
    return {name: json.dumps(value, indent=2, ensure_ascii=False) for name, value in kept.items()}


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
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else HOW.get(str(value), str(value))


def _parts(value: Mapping[str, object]) -> str:
    if "title" in value:
        return ", ".join(str(value[name]) for name in ("title", "reference") if value.get(name))
    return ", ".join(f"{_spelt(name).lower()} {part}" for name, part in value.items())


def _spelt(name: str) -> str:
    return name.replace("_", " ").capitalize()
