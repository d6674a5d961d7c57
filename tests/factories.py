"""Factories of people, content, batches and other rows, written straight into the tables."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from assignments.audit.entries.actors import SYSTEM, Actor
from assignments.audit.log import Event, record
from assignments.models import (
    Account,
    Assignment,
    Audience,
    AudienceMember,
    Batch,
    Content,
    Learner,
    LogExport,
    LogHead,
)
from assignments.models.sql.text_folding import fold
from assignments.services.planning.plan_digest import store_digest
from dashboard.access.addresses import record_address
from dashboard.access.models import AccessToken

NAMES = ("Elif Yilmaz", "Amara Okafor", "Ruth Abel", "Tom Baker", "Ines Costa", "Jan Novak")
PEOPLE = {"manager": "Priya Mehta", "auditor": "Ada Stone", "admin": "Sam Reed"}
AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
_numbers = count(1)
_SETTLED = {"created", "rejected", "skipped", "cancelled"}


def restart_numbers() -> None:
    """Count from 1 again, so that a test gets the same names whatever ran before it."""
    global _numbers  # noqa: PLW0603  the one counter of all factories
    _numbers = count(1)


def make_user(role: str = "manager", **fields: Any) -> Any:
    """Return a user with one role."""
    name = PEOPLE[role]
    values = {
        "issuer": "test",
        "subject": f"{role}-{next(_numbers)}",
        "name": name,
        "email": f"{name.split(maxsplit=1)[0].lower()}{next(_numbers)}@northwind.example",
        "roles": [role],
    }
    user = get_user_model().objects.create(**values | fields)
    record_address(user, by=SYSTEM, now=timezone.now())
    return user


def make_actor(user: Any) -> Actor:
    """Return a user as the actor of what a page does."""
    return Actor(ref=f"user/{user.pk}", name=str(user), email=user.email, means="page")


def make_account(**fields: Any) -> Account:
    """Return the one linked account, synced just now."""
    values = {"name": "Cornerstone", "synced_at": AT}
    return Account.objects.update_or_create(remote_id="sandbox", defaults=values | fields)[0]


def make_learner(account: Account | None = None, **fields: Any) -> Learner:
    """Return a person of the LMS."""
    number = next(_numbers)
    name = fields.pop("name", f"{NAMES[number % len(NAMES)]} {number}")
    values = {
        "remote_id": f"L{number}",
        "external_reference": f"NW-{number}",
        "name": name,
        "email": f"person{number}@northwind.example",
        "is_active": True,
        "last_seen_sync": 1,
    } | fields
    parts = (values[part] for part in ("name", "email", "external_reference", "remote_id"))
    values.setdefault("search_text", fold(" ".join(parts)))
    return Learner.objects.create(account=account or make_account(), **values)


def make_content(account: Account | None = None, **fields: Any) -> Content:
    """Return an item that can be assigned."""
    number = next(_numbers)
    title = fields.pop("title", f"GDPR Essentials {number}")
    values = {
        "source": "content",
        "remote_id": f"C{number}",
        "external_reference": f"CRS-{number}",
        "title": title,
        "kind": "course",
        "is_active": True,
        "search_text": fold(f"{title} CRS-{number}"),
        "fingerprint": f"1:{'f' * 32}",
        "last_seen_sync": 1,
    }
    return Content.objects.create(account=account or make_account(), **values | fields)


def make_audience(by: Any, *members: Learner, **fields: Any) -> Audience:
    """Return an audience of these people, or of everybody who matches `query`."""
    name = fields.pop("name", "Sales")
    values = {
        "account": make_account(),
        "folded_name": fold(name),
        "kind": "filter" if "query" in fields else "fixed",
        "people": len(members),
        "created_by": by,
        "created_at": AT,
    }
    audience = Audience.objects.create(name=name, **values | fields)
    for member in members:
        AudienceMember.objects.create(audience=audience, learner=member)
    return audience


def make_batch(rows: Sequence[str | dict[str, Any]] = (), **fields: Any) -> Batch:
    """Return a submitted batch with a row for each state, or for each set of fields with one."""
    account, content = make_account(), make_content()
    values = {
        "submission_key": uuid.uuid4(),
        "account": account,
        "state": "done",
        "by": fields.pop("by", None) or make_user(),
        "by_name": "Priya Mehta",
        "title": content.title,
        "people": len(rows),
        "items": 1,
        "rows": len(rows),
        "status": "pending",
        "reason": "Policy DP-14",
        "frozen_at": AT,
        "submitted_at": AT,
        "started_at": AT,
    }
    values |= fields
    if values["submitted_at"]:
        values.setdefault("number", _next_batch_number())
    batch = Batch.objects.create(**values)
    for position, row in enumerate(rows, 1):
        make_row(batch, content, position, {"state": row} if isinstance(row, str) else row)
    store_digest(batch)
    return batch


def _next_batch_number() -> int:
    # Another number than the primary key, so that a mistake between the two is noticed.
    return (Batch.objects.aggregate(newest=Max("number"))["newest"] or 400) + 1


def make_export(owner: Any, **fields: Any) -> LogExport:
    """Return an export of the whole log that waits for a worker."""
    head = LogHead.objects.get()
    values = {"format": "csv", "log_size": head.size, "frontier": head.frontier}
    moments = {"requested_at": AT, "progressed_at": AT}
    return LogExport.objects.create(owner=owner, **values | moments | fields)


def make_token(owner: Any, **fields: Any) -> AccessToken:
    """Return an access token of a user, with a digest that no text has."""
    values = {"name": "GRC", "digest": uuid.uuid4().hex * 2}
    moments = {"created_at": AT, "expires_at": AT + timedelta(days=30)}
    return AccessToken.objects.create(user=owner, **values | moments | fields)


def log_submission(batch: Batch) -> None:
    """Append the log entry of the batch's submission with its plan digest."""
    event = Event(
        action="batch.submitted",
        subject=batch.ref,
        batch=batch.ref,
        result="submitted",
        detail={"plan_digest": batch.plan_digest},
    )
    with transaction.atomic():
        record(event, by=SYSTEM, at=AT)


def make_row(batch: Batch, content: Content, position: int, fields: dict[str, Any]) -> Assignment:
    """Return one row of the batch, with what the database demands of its state."""
    learner = fields.pop("learner", None) or make_learner(batch.account)
    return Assignment.objects.create(
        batch=batch,
        position=position,
        learner=learner,
        content=content,
        learner_remote_id=learner.remote_id,
        content_remote_id=content.remote_id,
        content_reference=content.external_reference,
        **{"due_date": batch.due_date, "due_at": batch.due_at}
        | _of_state(fields["state"], position)
        | fields,
    )


def _of_state(state: str, position: int) -> dict[str, Any]:
    values: dict[str, dict[str, Any]] = {
        "queued": {"send_at": AT},
        "sending": {"attempt": 1, "sender": "s-1", "sent_at": AT},
        "unknown": {"attempt": 1, "unknown_at": AT, "problem": "It did not answer in time."},
        "confirmed": {"attempt": 1, "response_status": 202, "problem": "It does not show it."},
        "created": {"attempt": 1, "response_status": 201, "remote_id": f"R-{position}"},
        "rejected": {"attempt": 1, "response_status": 400, "problem": "The due date is too early."},
        "skipped": {"problem": "They already have it in the LMS."},
    }
    settled = {"settled_at": AT + timedelta(seconds=position)} if state in _SETTLED else {}
    return values.get(state, {}) | settled
