"""Records of the LMS that a row's call cannot have made: older ones and those of other rows."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Min

from assignments.models import Assignment, Attempt, Learner, RemoteAssignment
from assignments.stackone.resources import RemoteAssignment as Record


class ForeignRecords:
    """For a group of unknown rows: which records cannot be theirs, by id.

    These are the records in our copy from before a row's first call, those credited to a row, and
    those of other people: an LMS may list everybody's whomever it is asked about.

    :param records: what the LMS listed about the rows' people
    """

    def __init__(self, unknown: Sequence[Assignment], records: Iterable[Record]) -> None:
        learners = {row.learner_id for row in unknown}
        attempts = Attempt.objects.filter(assignment__in=[row.pk for row in unknown])
        self._first_calls: dict[int, datetime] = dict(
            attempts.values_list("assignment").annotate(first=Min("started_at"))
        )
        self._first_seen: defaultdict[int, dict[str, datetime]] = defaultdict(dict)
        copies = RemoteAssignment.objects.filter(learner__in=learners)
        for learner_id, remote_id, at in copies.values_list(
            "learner_id", "remote_id", "first_seen_at"
        ):
            if learner_id is not None:
                self._first_seen[learner_id][remote_id] = at
        self._credited: defaultdict[int, set[str]] = defaultdict(set)
        rows = Assignment.objects.filter(learner__in=learners).exclude(remote_id="")
        for learner_id, remote_id in rows.values_list("learner_id", "remote_id"):
            self._credited[learner_id].add(remote_id)

        self._people = {row.learner_remote_id for row in unknown}
        users = {record.user_id for record in records if record.user_id} - self._people
        if users:
            accounts = {row.batch.account_id for row in unknown}
            named = Learner.objects.filter(account__in=accounts, remote_id__in_list=list(users))
            self._people.update(named.values_list("remote_id", flat=True))

    def own_records(self, row: Assignment, records: Iterable[Record]) -> list[Record]:
        """Return the records without those that name another person of ours."""
        others = self._people - {row.learner_remote_id}
        return [record for record in records if record.user_id not in others]

    def ids_for(self, row: Assignment) -> set[str]:
        """Return the ids of the records that the row's own call cannot have made."""
        first_call = self._first_calls.get(row.pk, row.sent_at)
        first_seen = self._first_seen[row.learner_id].items()
        older = {pk for pk, at in first_seen if first_call is None or at < first_call}
        return older | self._credited[row.learner_id]

    def credit(self, learner_id: int, remote_id: str) -> None:
        """Note that a record now belongs to a row, so that no other row takes it."""
        self._credited[learner_id].add(remote_id)
