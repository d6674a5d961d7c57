"""Changes since a plan was reviewed, for the person who approves it."""

from dataclasses import dataclass
from functools import cached_property

from django.db.models import Exists, OuterRef, QuerySet

from assignments.models import Approval, Assignment, Content, Draft, RemoteAssignment
from assignments.queries.review import MAX_NAMES, ReviewFindings

State = Assignment.State


@dataclass(frozen=True, slots=True)
class NamedPeople:
    """A number of people, and the first names of the list."""

    count: int
    names: list[str]

    @property
    def words(self) -> str:
        """The names, and whether there are others."""
        others = " and others" if self.count > len(self.names) else ""
        return f"{', '.join(self.names)}{others}"


@dataclass(frozen=True)
class PlanChanges:
    """Changed people and items of the plan of an approval; each query runs once."""

    approval: Approval

    @cached_property
    def left(self) -> NamedPeople:
        """People who have become inactive; their rows will be skipped."""
        return _people(self._to_send.filter(learner__is_active=False))

    @cached_property
    def got(self) -> NamedPeople:
        """People whom an item was assigned to elsewhere; skipped unless `is_again`."""
        return _people(self._to_send.filter(was_assigned_since_review(self.approval)))

    @cached_property
    def is_again(self) -> bool:
        """Whether people who have an item get it again."""
        return assigns_again(self.approval)

    @cached_property
    def gone(self) -> list[str]:
        """Items that can no longer be assigned."""
        return ReviewFindings(self.approval.batch).gone

    @cached_property
    def changed(self) -> list[str]:
        """Items whose title or description has changed, with the previous title."""
        then = {item["pk"]: item for item in self.approval.contents}
        now = Content.objects.filter(pk__in=then, is_active=True).order_by("title", "pk")
        return [
            _change_text(item, then[item.pk]) for item in now if _has_changed(item, then[item.pk])
        ]

    @property
    def is_none(self) -> bool:
        """Whether nothing has changed."""
        return not (self.left.count or self.got.count or self.gone or self.changed)

    @property
    def _to_send(self) -> QuerySet[Assignment]:
        return Assignment.objects.filter(batch=self.approval.batch_id, state=State.PLANNED)


def was_assigned_since_review(approval: Approval) -> Exists:
    """Return the condition that the item was assigned to the row's learner since the review."""
    held = RemoteAssignment.objects.filter(learner=OuterRef("learner"), content=OuterRef("content"))
    return Exists(held.filter(first_seen_at__gt=approval.batch.frozen_at))


def assigns_again(approval: Approval) -> bool:
    """Return whether people who have an item get it again."""
    drafts = Draft.objects.filter(pk=approval.batch.submission_key, assigns_again=True)
    return drafts.exists()


def _people(rows: QuerySet[Assignment]) -> NamedPeople:
    first = rows.select_related("learner").order_by("position")[: MAX_NAMES * 4]
    names = list(dict.fromkeys(str(row.learner) for row in first))[:MAX_NAMES]
    return NamedPeople(rows.values("learner").distinct().count(), names)


def _has_changed(item: Content, then: dict[str, str]) -> bool:
    # Fingerprints of two versions of their format say nothing about the item.
    version, _, _ = then["fingerprint"].partition(":")
    is_comparable = item.fingerprint.startswith(f"{version}:")
    names = then if is_comparable else then.keys() - {"fingerprint"}
    return any(getattr(item, name) != then[name] for name in names)


def _change_text(item: Content, then: dict[str, str]) -> str:
    previous = then["title"] or then["external_reference"]
    return str(item) if str(item) == previous else f"{item} (was: {previous})"
