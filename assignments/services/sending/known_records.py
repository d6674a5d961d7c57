"""Which records of the LMS cannot be the one that a call made: older ones and other rows' ones."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from django.db.models import Min

from assignments.models import Assignment, Attempt, RemoteAssignment


class KnownRecords:
    """For some unknown rows: what our copy held before their first call, and what is credited."""

    def __init__(self, unknown: Sequence[Assignment]) -> None:
        learners = {row.learner_id for row in unknown}
        first_calls = Attempt.objects.filter(assignment__in=[row.pk for row in unknown])
        self._began: dict[int, datetime] = dict(
            first_calls.values_list("assignment").annotate(first=Min("started_at"))
        )
        self._seen: defaultdict[int, dict[str, datetime]] = defaultdict(dict)
        held = RemoteAssignment.objects.filter(learner__in=learners)
        for learner_id, remote_id, at in held.values_list(
            "learner_id", "remote_id", "first_seen_at"
        ):
            if learner_id is not None:
                self._seen[learner_id][remote_id] = at
        self._credited: defaultdict[int, set[str]] = defaultdict(set)
        ours = Assignment.objects.filter(learner__in=learners).exclude(remote_id="")
        for learner_id, remote_id in ours.values_list("learner_id", "remote_id"):
            self._credited[learner_id].add(remote_id)

    def before(self, row: Assignment) -> set[str]:
        """Return the ids that the row's own call cannot have made."""
        began = self._began.get(row.pk, row.sent_at)
        seen = self._seen[row.learner_id]
        older = {remote_id for remote_id, at in seen.items() if began is None or at < began}
        return older | self._credited[row.learner_id]

    def credit(self, learner_id: int, remote_id: str) -> None:
        """Remember that a record now belongs to a row, so that no other row claims it."""
        if remote_id:
            self._credited[learner_id].add(remote_id)
