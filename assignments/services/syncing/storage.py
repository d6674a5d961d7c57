"""Storing pages of the LMS in our copy: whole pages at once, newer values over older ones."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db.models import QuerySet

from assignments.models import (
    Content,
    Learner,
    LearnerFacet,
    RemoteAssignment,
    SyncPage,
    SyncRun,
)
from assignments.models.sql.bulk import upsert
from assignments.models.sql.text_folding import folded
from assignments.services.syncing.facets import keep
from assignments.services.syncing.fingerprints import fingerprint
from assignments.stackone.resources import LearningObject, User
from assignments.stackone.resources import RemoteAssignment as Held

TABLES: Final = (Learner, LearnerFacet, Content, RemoteAssignment)
LEARNER: Final = (
    "account_id",
    "remote_id",
    "external_reference",
    "name",
    "email",
    "is_active",
    "left_at",
    "custom_fields",
    "search_text",
    "fingerprint",
    "last_seen_sync",
)
SOURCES: Final = {
    SyncRun.Stage.CONTENT: Content.Source.CONTENT,
    SyncRun.Stage.COURSES: Content.Source.COURSE,
}
TOLD: Final = ("learner", "content", "status", "due_at", "assigned_at")
IDS: Final = ("learner_id", "content_id")
MOST_BYTES: Final = 2_000
CHUNK: Final = 2_000


def keep_learners(run: SyncRun, users: Sequence[User]) -> int:
    """Add the people who are new and update those who changed; return how many had an id.

    Who was erased stays so, whatever the LMS says of them.
    """
    given = {user.id: user for user in users if user.id}
    _note_seen(run, given)
    ours = Learner.objects.filter(account=run.account_id)
    changed = _changed(ours, given)
    for remote_id in _erased(ours, changed):
        del changed[remote_id]
    if changed:
        rows = (_learner(run, given[remote_id], mark) for remote_id, mark in changed.items())
        upsert(Learner, LEARNER, ("account_id", "remote_id"), rows)
        pks = ours.filter(remote_id__in=list(changed)).values_list("remote_id", "pk")
        keep(run.account_id, {pk: given[remote_id].custom_fields for remote_id, pk in pks})
        run.changed += len(changed)
    return len(given)


def keep_contents(run: SyncRun, source: Content.Source, items: Sequence[LearningObject]) -> int:
    """Add the items that are new and update those that changed; return how many had an id."""
    given = {item.id: item for item in items if item.id}
    _note_seen(run, given)
    changed = _changed(Content.objects.filter(account=run.account_id, source=source), given)
    Content.objects.bulk_create(
        (_content(run, source, given[remote_id], mark) for remote_id, mark in changed.items()),
        update_conflicts=True,
        unique_fields=["account", "source", "remote_id"],
        update_fields=[
            "external_reference",
            "title",
            "description",
            "kind",
            "is_active",
            "left_at",
            "duration",
            "languages",
            "url",
            "search_text",
            "fingerprint",
            "last_seen_sync",
        ],
    )
    return len(given)


def keep_assignments(account_pk: int, held: Sequence[Held], now: datetime) -> int:
    """Add the assignments that are new and update those that changed; return how many had an id.

    They are joined to our learners and content.
    """
    learners = _learners_by_id(account_pk, held)
    contents = _contents_by_any_id(account_pk, held)
    records = {
        record.id: RemoteAssignment(
            account_id=account_pk,
            remote_id=record.id,
            learner_id=learners.get(record.user_id or ""),
            content_id=contents.get(record.learning_object_external_reference or "")
            or contents.get(record.learning_object_id or ""),
            learner_remote_id=record.user_id or "",
            content_remote_id=record.learning_object_id or "",
            content_reference=record.learning_object_external_reference or "",
            status=record.status or "",
            due_at=record.due_at,
            assigned_at=record.assigned_at,
            first_seen_at=now,
        )
        for record in held
        if record.id
    }
    same = _unchanged(account_pk, records)
    # In the order in which a sender adds them: neither then waits for the other in a circle.
    RemoteAssignment.objects.bulk_create(
        (records[remote_id] for remote_id in sorted(records.keys() - same)),
        update_conflicts=True,
        unique_fields=["account", "remote_id"],
        update_fields=TOLD,
    )
    return len(records)


def mark_left(run: SyncRun, now: datetime) -> int:
    """After a full walk of a stage, mark as inactive whoever was not in it; return how many."""
    model, ours = _of_stage(run)
    pages = SyncPage.objects.filter(run=run.pk, stage=run.stage)
    seen = {remote_id for ids in pages.values_list("remote_ids", flat=True) for remote_id in ids}
    still = ours.filter(left_at=None).values_list("pk", "remote_id")
    gone = [pk for pk, remote_id in still.iterator(CHUNK) if remote_id not in seen]
    pages.delete()
    return model._default_manager.filter(pk__in_list=gone).update(is_active=False, left_at=now)


def _of_stage(run: SyncRun) -> "tuple[type[Learner | Content], QuerySet[Any]]":
    if run.stage == SyncRun.Stage.LEARNERS:
        return Learner, Learner.objects.filter(account=run.account_id)
    source = SOURCES.get(SyncRun.Stage(run.stage))
    items = Content.objects.filter(account=run.account_id, source=source)
    return Content, items if source else items.none()


def _note_seen(run: SyncRun, given: Collection[str]) -> None:
    """Keep who was on the page without touching their rows; only a full walk needs it."""
    if run.is_full:
        SyncPage.objects.create(run=run, stage=run.stage, remote_ids=list(given))


def _changed(ours: "QuerySet[Any]", given: Mapping[str, User | LearningObject]) -> dict[str, str]:
    """Return who is new or differs from what we have, each with the fingerprint to keep."""
    there = ours.filter(remote_id__in=list(given), left_at=None)
    known = dict(there.values_list("remote_id", "fingerprint"))
    marks = {remote_id: fingerprint(entry) for remote_id, entry in given.items()}
    return {remote_id: mark for remote_id, mark in marks.items() if known.get(remote_id) != mark}


def _erased(ours: "QuerySet[Learner]", changed: Collection[str]) -> list[str]:
    """Return whom of them never to bring back: of them the LMS's own id alone is kept."""
    if not changed:
        return []
    known = ours.filter(remote_id__in=list(changed), erased_at__isnull=False)
    return list(known.values_list("remote_id", flat=True))


def _unchanged(account_pk: int, records: Mapping[str, RemoteAssignment]) -> set[str]:
    known = RemoteAssignment.objects.filter(
        account=account_pk, remote_id__in=list(records)
    ).values_list("remote_id", *TOLD)
    return {
        remote_id
        for remote_id, *told in known
        if told == [getattr(records[remote_id], name) for name in (*IDS, *TOLD[2:])]
    }


def _searchable(*parts: str | None) -> str:
    """Return what a search looks at, no longer than PostgreSQL takes into an index."""
    text = folded(" ".join(part.strip() for part in parts if part))
    return text.encode()[:MOST_BYTES].decode(errors="ignore")


def _learner(run: SyncRun, user: User, mark: str) -> tuple[object, ...]:
    """Return the values of LEARNER."""
    return (
        run.account_id,
        user.id,
        user.external_reference or "",
        (user.name or "").strip(),
        user.email or "",
        # A provider that does not say is read as active: it listed the person.
        user.is_active is not False,
        None,
        json.dumps(user.custom_fields),
        _searchable(user.name, user.email, user.external_reference, user.id),
        mark,
        run.pk,
    )


def _content(run: SyncRun, source: Content.Source, item: LearningObject, mark: str) -> Content:
    return Content(
        account_id=run.account_id,
        source=source,
        remote_id=item.id or "",
        external_reference=item.external_reference or "",
        title=(item.title or "").strip(),
        description=item.description or "",
        kind=item.kind or "",
        is_active=item.is_active is not False,
        left_at=None,
        duration=item.duration or "",
        languages=list(item.languages),
        url=item.url or "",
        search_text=_searchable(item.title, item.external_reference, item.id),
        fingerprint=mark,
        last_seen_sync=run.pk,
    )


def _learners_by_id(account_pk: int, held: Sequence[Held]) -> dict[str, int]:
    wanted = {record.user_id for record in held if record.user_id}
    found = Learner.objects.filter(account=account_pk, remote_id__in=wanted)
    return dict(found.values_list("remote_id", "pk"))


def _contents_by_any_id(account_pk: int, held: Sequence[Held]) -> dict[str, int]:
    references = {r.learning_object_external_reference for r in held} - {None, ""}
    ids = {record.learning_object_id for record in held} - {None, ""}
    ours = Content.objects.filter(account=account_pk)
    by_id = ours.filter(remote_id__in=ids).values_list("remote_id", "pk")
    by_reference = ours.filter(external_reference__in=references)
    return {**dict(by_id), **dict(by_reference.values_list("external_reference", "pk"))}
