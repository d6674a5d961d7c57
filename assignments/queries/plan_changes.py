"""What has changed since a plan was reviewed, for whoever looks at it hours or days later."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from assignments.models import Approval, Assignment, Content, Draft, RemoteAssignment
from assignments.queries.review import MOST_NAMED, Findings

State = Assignment.State


@dataclass(frozen=True, slots=True)
class People:
    """How many they are, and the first of them by name."""

    count: int
    names: list[str]


@dataclass(frozen=True)
class Drift:
    """People and items of an approval's plan that are not as they were, each asked for once."""

    approval: Approval

    @cached_property
    def left(self) -> People:
        """People who became inactive; their rows will be skipped."""
        return _people(self._to_send.filter(learner__is_active=False))

    @cached_property
    def got(self) -> People:
        """People who got an item from elsewhere; these rows will be skipped unless asked for."""
        return _people(self._to_send.filter(got_meanwhile(self.approval)))

    @cached_property
    def is_again(self) -> bool:
        """Whether it was asked for that they get it once more."""
        return assigns_again(self.approval)

    @cached_property
    def gone(self) -> list[str]:
        """Items that can no longer be assigned."""
        return Findings(self.approval.batch).gone

    @cached_property
    def changed(self) -> list[str]:
        """Items that are called or described differently now, with what they were called."""
        then = {one["pk"]: one for one in self.approval.contents}
        now = Content.objects.filter(pk__in=then, is_active=True).order_by("title", "pk")
        return [_renamed(item, then[item.pk]) for item in now if _is_other(item, then[item.pk])]

    @property
    def is_none(self) -> bool:
        """Whether everything is as it was."""
        return not (self.left.count or self.got.count or self.gone or self.changed)

    @property
    def _to_send(self) -> QuerySet[Assignment]:
        return Assignment.objects.filter(batch=self.approval.batch_id, state=State.PLANNED)


def got_meanwhile(approval: Approval) -> Exists:
    """Return the condition that a row's person got its item since the review."""
    held = RemoteAssignment.objects.filter(learner=OuterRef("learner"), content=OuterRef("content"))
    return Exists(held.filter(first_seen_at__gt=approval.batch.frozen_at))


def assigns_again(approval: Approval) -> bool:
    """Return whether people are to get it who have it."""
    drafts = Draft.objects.filter(pk=approval.batch.submission_key, assigns_again=True)
    return drafts.exists()


def _people(rows: QuerySet[Assignment]) -> People:
    first = rows.select_related("learner").order_by("position")[: MOST_NAMED * 4]
    names = list(dict.fromkeys(str(row.learner) for row in first))[:MOST_NAMED]
    return People(rows.values("learner").distinct().count(), names)


def _is_other(item: Content, then: dict[str, Any]) -> bool:
    # Fingerprints of two versions of their format say nothing about the item.
    version, _, _ = then["fingerprint"].partition(":")
    is_comparable = item.fingerprint.startswith(f"{version}:")
    names = then if is_comparable else then.keys() - {"fingerprint"}
    return any(getattr(item, name) != then[name] for name in names)


def _renamed(item: Content, then: dict[str, Any]) -> str:
    was = then["title"] or then["external_reference"]
    return str(item) if str(item) == was else f"{item} (was: {was})"
