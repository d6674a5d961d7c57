"""Which rows still name whom and what their last attempt was for, by the log."""

from collections.abc import Iterable

from django.db.models import F

from assignments.audit.integrity.trusted_entries import trusted_bodies
from assignments.models import Assignment, LogEntry


def as_attempted(rows: Iterable[Assignment]) -> set[int]:
    """Return the ids of the rows whose person and item are those of their last attempt.

    Of a batch whose plan was altered the log alone shows that a row is about what was sent, so that
    reading the LMS back can settle it. The log refers to people and items by our own ids: their ids
    in the LMS must be those of the directory.
    """
    attempted = _attempted(row.pk for row in rows)
    same_in_lms = Assignment.objects.filter(
        pk__in_list=list(attempted),
        learner_remote_id=F("learner__remote_id"),
        content_remote_id=F("content__remote_id"),
    )
    named = same_in_lms.values_list(
        "pk", "attempt", "learner_id", "content_id", "content_reference"
    )
    return {row[0] for row in named if attempted[row[0]] == row[1:]}


def _attempted(pks: Iterable[int]) -> dict[int, tuple[int, int, int, str]]:
    """Return the number, person, item and reference of each row's last attempt in the log."""
    subjects = [f"assignment/{pk}" for pk in pks]
    entries = LogEntry.objects.filter(subject__in=subjects, action="assignment.attempted")
    attempted: dict[int, tuple[int, int, int, str]] = {}
    for entry in trusted_bodies(entries):
        (person,), detail = entry["people"], entry["detail"]
        item = detail["content"]
        attempted[_pk(entry["subject"])] = (
            detail["attempt"],
            _pk(person["ref"]),
            _pk(item["ref"]),
            item["reference"],
        )
    return attempted


def _pk(ref: str) -> int:
    return int(ref.split("/")[1])
