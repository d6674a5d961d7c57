"""Storing pages of the LMS in our copy: whole pages at once, newer values over older ones."""

from collections.abc import Sequence
from datetime import datetime

from assignments.models import Content, Learner, RemoteAssignment, SyncRun
from assignments.models.folding import folded
from assignments.stackone.resources import LearningObject, User
from assignments.stackone.resources import RemoteAssignment as Held


def keep_learners(run: SyncRun, users: Sequence[User]) -> int:
    """Add or update the people of one page; return how many had an id to keep them by."""
    learners = {user.id: _learner(run, user) for user in users if user.id}
    Learner.objects.bulk_create(
        learners.values(),
        update_conflicts=True,
        unique_fields=["account", "remote_id"],
        update_fields=[
            "external_reference",
            "name",
            "email",
            "is_active",
            "left_at",
            "custom_fields",
            "search_text",
            "seen_in",
        ],
    )
    return len(learners)


def keep_contents(run: SyncRun, source: Content.Source, items: Sequence[LearningObject]) -> int:
    """Add or update the items of one page; return how many had an id to keep them by."""
    contents = {item.id: _content(run, source, item) for item in items if item.id}
    Content.objects.bulk_create(
        contents.values(),
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
            "seen_in",
        ],
    )
    return len(contents)


def keep_assignments(run: SyncRun, held: Sequence[Held], now: datetime) -> int:
    """Add or update the assignments of one page, joined to our learners and content."""
    learners = _learners_by_id(run, held)
    contents = _contents_by_any_id(run, held)
    records = {
        record.id: RemoteAssignment(
            account_id=run.account_id,
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
    # In the order in which a sender adds them: neither then waits for the other in a circle.
    RemoteAssignment.objects.bulk_create(
        (records[remote_id] for remote_id in sorted(records)),
        update_conflicts=True,
        unique_fields=["account", "remote_id"],
        update_fields=["learner", "content", "status", "due_at", "assigned_at"],
    )
    return len(records)


def mark_left(run: SyncRun, now: datetime) -> int:
    """After a full walk of a stage, mark as inactive whoever was not in it; return how many."""
    gone = {"is_active": False, "left_at": now}
    if run.stage == SyncRun.Stage.LEARNERS:
        unseen = Learner.objects.filter(account=run.account_id, left_at=None)
        return unseen.exclude(seen_in=run.pk).update(**gone)
    sources = {
        SyncRun.Stage.CONTENT: Content.Source.CONTENT,
        SyncRun.Stage.COURSES: Content.Source.COURSE,
    }
    source = sources.get(SyncRun.Stage(run.stage))
    if source is None:
        return 0
    items = Content.objects.filter(account=run.account_id, source=source, left_at=None)
    return items.exclude(seen_in=run.pk).update(**gone)


def _learner(run: SyncRun, user: User) -> Learner:
    known = (user.name, user.email, user.external_reference, user.id)
    return Learner(
        account_id=run.account_id,
        remote_id=user.id or "",
        external_reference=user.external_reference or "",
        name=(user.name or "").strip(),
        email=user.email or "",
        # A provider that does not say is read as active: it listed the person.
        is_active=user.is_active is not False,
        left_at=None,
        custom_fields=user.custom_fields,
        search_text=folded(" ".join(part for part in known if part)),
        seen_in=run.pk,
    )


def _content(run: SyncRun, source: Content.Source, item: LearningObject) -> Content:
    known = (item.title, item.external_reference, item.id)
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
        search_text=folded(" ".join(part for part in known if part)),
        seen_in=run.pk,
    )


def _learners_by_id(run: SyncRun, held: Sequence[Held]) -> dict[str, int]:
    wanted = {record.user_id for record in held if record.user_id}
    found = Learner.objects.filter(account=run.account_id, remote_id__in=wanted)
    return dict(found.values_list("remote_id", "pk"))


def _contents_by_any_id(run: SyncRun, held: Sequence[Held]) -> dict[str, int]:
    references = {r.learning_object_external_reference for r in held} - {None, ""}
    ids = {record.learning_object_id for record in held} - {None, ""}
    ours = Content.objects.filter(account=run.account_id)
    by_id = ours.filter(remote_id__in=ids).values_list("remote_id", "pk")
    by_reference = ours.filter(external_reference__in=references)
    return {**dict(by_id), **dict(by_reference.values_list("external_reference", "pk"))}
