"""Store pages of people, content and assignments: insert new rows and update changed ones."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from django.db.models import Model, QuerySet

from assignments.models import (
    Content,
    Learner,
    LearnerFacet,
    RemoteAssignment,
    SyncRun,
)
from assignments.models.sql.bulk import upsert
from assignments.models.sql.text_folding import fold
from assignments.services.syncing import fingerprints
from assignments.services.syncing.facets import store_values
from assignments.stackone.json_values import MAX_ID_CHARACTERS
from assignments.stackone.paging import Identified
from assignments.stackone.resources import LearningObject, User
from assignments.stackone.resources import RemoteAssignment as AssignmentRecord

TABLES: Final = (Learner, LearnerFacet, Content, RemoteAssignment)
LEARNER_COLUMNS: Final = (
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
UPDATED_FIELDS: Final = ("learner", "content", "status", "due_at", "assigned_at")
COMPARED_FIELDS: Final = ("learner_id", "content_id", "status", "due_at", "assigned_at")
# PostgreSQL refuses longer values in the B-tree index of `search_text` (limit 2,704 bytes).
MAX_BYTES: Final = 2_000


def store_learners(run: SyncRun, users: Sequence[User]) -> int:
    """Insert new people and update changed ones; return how many had an id.

    The personal data of an erased person is never imported again.
    """
    by_id = _by_id(users)
    learners = Learner.objects.filter(account=run.account_id)
    changed = _changed_fingerprints(learners, by_id)
    for remote_id in _erased_ids(learners, changed):
        del changed[remote_id]
    if changed:
        rows = (
            _learner_row(run, by_id[remote_id], fingerprint)
            for remote_id, fingerprint in changed.items()
        )
        upsert(Learner, LEARNER_COLUMNS, ("account_id", "remote_id"), rows)
        pks = learners.filter(remote_id__in=list(changed)).values_list("remote_id", "pk")
        store_values(run.account_id, {pk: by_id[remote_id].custom_fields for remote_id, pk in pks})
        run.changed += len(changed)
    return len(by_id)


def store_contents(run: SyncRun, source: Content.Source, items: Sequence[LearningObject]) -> int:
    """Insert new content and update changed content; return how many items had an id."""
    by_id = _by_id(items)
    contents = Content.objects.filter(account=run.account_id, source=source)
    changed = _changed_fingerprints(contents, by_id)
    Content.objects.bulk_create(
        (
            _content(run, source, by_id[remote_id], fingerprint)
            for remote_id, fingerprint in changed.items()
        ),
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
    return len(by_id)


def store_assignments(account_pk: int, records: Sequence[AssignmentRecord], now: datetime) -> int:
    """Insert new assignments and update changed ones; return how many had an id.

    Each refers to our learner and content, or to none if the LMS names one that we do not have.
    """
    learners = _learner_pks(account_pk, records)
    contents = _content_pks(account_pk, records)
    by_id = {
        remote_id: RemoteAssignment(
            account_id=account_pk,
            remote_id=remote_id,
            learner_id=learners.get(record.user_id or ""),
            content_id=contents.get(record.learning_object_external_reference or "")
            or contents.get(record.learning_object_id or ""),
            learner_remote_id=_whole(record.user_id, MAX_ID_CHARACTERS),
            content_remote_id=_whole(record.learning_object_id, MAX_ID_CHARACTERS),
            content_reference=_whole(record.learning_object_external_reference, MAX_ID_CHARACTERS),
            status=_cut(record.status, 60),
            due_at=record.due_at,
            assigned_at=record.assigned_at,
            first_seen_at=now,
        )
        for remote_id, record in _by_id(records).items()
    }
    unchanged = _unchanged_ids(account_pk, by_id)
    # Senders insert in the same order, so that the two cannot deadlock.
    RemoteAssignment.objects.bulk_create(
        (by_id[remote_id] for remote_id in sorted(by_id.keys() - unchanged)),
        update_conflicts=True,
        unique_fields=["account", "remote_id"],
        update_fields=UPDATED_FIELDS,
    )
    return len(by_id)


def _changed_fingerprints(
    rows: "QuerySet[Model]", records: Mapping[str, User | LearningObject]
) -> dict[str, str]:
    """Return fingerprints by remote id, of those records that are new or differ from our rows."""
    present = rows.filter(remote_id__in=list(records), left_at=None)
    stored = dict(present.values_list("remote_id", "fingerprint"))
    current = {remote_id: fingerprints.fingerprint(record) for remote_id, record in records.items()}
    return {
        remote_id: fingerprint
        for remote_id, fingerprint in current.items()
        if stored.get(remote_id) != fingerprint
    }


def _erased_ids(learners: "QuerySet[Learner]", remote_ids: Collection[str]) -> list[str]:
    """Return the remote ids of erased people."""
    if not remote_ids:
        return []
    erased = learners.filter(remote_id__in=list(remote_ids), erased_at__isnull=False)
    return list(erased.values_list("remote_id", flat=True))


def _unchanged_ids(account_pk: int, records: Mapping[str, RemoteAssignment]) -> set[str]:
    stored = RemoteAssignment.objects.filter(account=account_pk, remote_id__in=list(records))
    return {
        remote_id
        for remote_id, *values in stored.values_list("remote_id", *COMPARED_FIELDS)
        if values == [getattr(records[remote_id], name) for name in COMPARED_FIELDS]
    }


def _by_id[Record: Identified](records: Sequence[Record]) -> dict[str, Record]:
    """Return the records by id; of those with the same id, the last one."""
    return {record.id: record for record in records if record.id}


def _cut(text: str | None, max_characters: int) -> str:
    """Return a text that people read, no longer than its column."""
    return (text or "").strip()[:max_characters]


def _whole(identifier: str | None, max_characters: int) -> str:
    """Return an identifier, or "" if it is too long: a part of it may identify somebody else."""
    return identifier if identifier and len(identifier) <= max_characters else ""


def _search_text(*parts: str | None) -> str:
    """Return the folded text that searches match, no longer than MAX_BYTES."""
    text = fold(" ".join(part.strip() for part in parts if part))
    return text.encode()[:MAX_BYTES].decode(errors="ignore")


def _learner_row(run: SyncRun, user: User, fingerprint: str) -> tuple[object, ...]:
    """Return the values of LEARNER_COLUMNS."""
    return (
        run.account_id,
        user.id,
        _whole(user.external_reference, MAX_ID_CHARACTERS),
        _cut(user.name, 300),
        _whole(user.email, 320),
        # Without a value the person counts as active, because the LMS lists them.
        user.is_active is not False,
        None,
        json.dumps(user.custom_fields),
        _search_text(user.name, user.email, user.external_reference, user.id),
        fingerprint,
        run.pk,
    )


def _content(
    run: SyncRun, source: Content.Source, item: LearningObject, fingerprint: str
) -> Content:
    return Content(
        account_id=run.account_id,
        source=source,
        remote_id=item.id or "",
        external_reference=_whole(item.external_reference, MAX_ID_CHARACTERS),
        title=_cut(item.title, 500),
        description=item.description or "",
        kind=_cut(item.kind, 60),
        is_active=item.is_active is not False,
        left_at=None,
        duration=_cut(item.duration, 60),
        languages=list(item.languages),
        url=item.url or "",
        search_text=_search_text(item.title, item.external_reference, item.id),
        fingerprint=fingerprint,
        last_seen_sync=run.pk,
    )


def _learner_pks(account_pk: int, records: Sequence[AssignmentRecord]) -> dict[str, int]:
    """Return primary keys of learners by remote id."""
    remote_ids = {record.user_id for record in records if record.user_id}
    learners = Learner.objects.filter(account=account_pk, remote_id__in=remote_ids)
    return dict(learners.values_list("remote_id", "pk"))


def _content_pks(account_pk: int, records: Sequence[AssignmentRecord]) -> dict[str, int]:
    """Return primary keys of content by remote id and by external reference."""
    references = {record.learning_object_external_reference for record in records} - {None, ""}
    remote_ids = {record.learning_object_id for record in records} - {None, ""}
    contents = Content.objects.filter(account=account_pk)
    by_id = contents.filter(remote_id__in=remote_ids).values_list("remote_id", "pk")
    by_reference = contents.filter(external_reference__in=references)
    return {**dict(by_id), **dict(by_reference.values_list("external_reference", "pk"))}
