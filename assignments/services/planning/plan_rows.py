"""The rows of a plan: who gets what, and who is skipped because they have it or are inactive.

Rows are inserted and deleted by one SQL statement each, however many there are.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any, Final

from django.db import connection

from assignments.models import Assignment, Batch
from assignments.models.sql.bulk import stored_datetime
from assignments.models.sql.statements import format_sql
from assignments.services.planning.due_dates import due_moment

State = Assignment.State

ALREADY_ASSIGNED: Final = "They already have it in the LMS."
BEING_ASSIGNED: Final = "It is being assigned to them by another batch right now."
INACTIVE: Final = "They are inactive in the LMS."
RETIRED: Final = "It was retired in the LMS, or has no external reference there."

# The unary plus keeps the planner off the index by content: it would visit everybody who was ever
# assigned the item, where the index by learner finds a few rows.
_INSERT: Final = format_sql(
    """
INSERT INTO assignments_assignment (
    batch_id, position, learner_id, content_id, learner_remote_id, content_remote_id,
    content_reference, due_date, due_at, own_terms, state, attempt, sender, read_backs, resends,
    remote_id, problem, problem_field, settled_at
)
WITH days (due_date, due_at) AS (VALUES {{days}}),
selected AS (
    SELECT picked.learner_id, item.content_id, COALESCE(item.due_date, %s) AS due_date,
        '' AS own_terms
    FROM assignments_batch batch
    JOIN assignments_draftlearner picked ON picked.draft_id = batch.submission_key
    JOIN assignments_draftcontent item ON item.draft_id = batch.submission_key
    WHERE batch.id = %s AND NOT EXISTS (
        SELECT 1 FROM assignments_draftrow named
        WHERE named.draft_id = batch.submission_key
            AND named.learner_id = picked.learner_id AND named.content_id = item.content_id
    )
    UNION ALL
    SELECT named.learner_id, named.content_id, COALESCE(named.due_date, item.due_date, %s),
        named.own_terms
    FROM assignments_batch batch
    JOIN assignments_draftrow named ON named.draft_id = batch.submission_key
    LEFT JOIN assignments_draftcontent item
        ON item.draft_id = batch.submission_key AND item.content_id = named.content_id
    WHERE batch.id = %s
),
planned AS (
    SELECT ROW_NUMBER() OVER (
            ORDER BY content.title, content.id, learner.name, learner.id
        ) AS position,
        learner.id AS learner_id, content.id AS content_id,
        learner.remote_id AS learner_remote_id, content.remote_id AS content_remote_id,
        content.external_reference AS content_reference,
        selected.due_date AS due_date, days.due_at AS due_at, selected.own_terms AS own_terms,
        CASE
            WHEN NOT learner.is_active THEN %s
            WHEN NOT content.is_active OR content.external_reference = '' THEN %s
            WHEN %s THEN ''
            WHEN EXISTS (
                SELECT 1 FROM assignments_remoteassignment held
                WHERE held.learner_id = learner.id AND held.content_id = content.id
            ) THEN %s
            WHEN EXISTS (
                SELECT 1 FROM assignments_assignment other
                JOIN assignments_batch submitted ON submitted.id = other.batch_id
                WHERE other.learner_id = learner.id AND +other.content_id = content.id
                    AND submitted.submitted_at IS NOT NULL
                    AND (
                        other.state IN ({sent})
                        OR (
                            other.state IN ({to_send})
                            AND submitted.state NOT IN ({withdrawn})
                        )
                    )
            ) THEN %s
            ELSE ''
        END AS problem
    FROM selected
    JOIN assignments_learner learner ON learner.id = selected.learner_id
    JOIN assignments_content content ON content.id = selected.content_id
    LEFT JOIN days ON days.due_date = selected.due_date
)
SELECT %s, position, learner_id, content_id, learner_remote_id, content_remote_id,
    content_reference, due_date, due_at, own_terms,
    CASE WHEN problem = '' THEN {planned} ELSE {skipped} END,
    0, '', 0, 0, '', problem, '', CASE WHEN problem = '' THEN NULL ELSE %s END
FROM planned
""",
    sent=Assignment.SENT_WITHOUT_RECORD,
    to_send=(State.PLANNED, State.QUEUED),
    withdrawn=Batch.WITHDRAWN,
    planned=State.PLANNED,
    skipped=State.SKIPPED,
)
_DELETE: Final = format_sql("DELETE FROM {rows} WHERE batch_id = %s", rows=Assignment)


def insert_rows(
    batch: Batch, *, due_date: date | None, other_due_dates: Iterable[date], assigns_again: bool
) -> None:
    """Insert the rows of a batch from its draft: people x items, and the rows of uploaded files.

    The due date of a row is its own, or else its item's, or else the draft's.

    :param due_date: the draft's due date
    :param other_due_dates: the due dates that items and uploaded rows have of their own
    :param assigns_again: whether people who have an item already get it again
    """
    # At least one day, so that the database can infer the types of the columns.
    days = sorted({*other_due_dates, due_date or batch.frozen_at.date()})
    moments = [(day, due_moment(day, batch.due_time)) for day in days]
    pairs = [value for day, at in moments for value in (_adapted(day), stored_datetime(at))]
    placeholders = ", ".join(["(%s, %s)"] * len(days))
    draft_due_date = None if due_date is None else _adapted(due_date)
    terms = (draft_due_date, batch.pk) * 2
    reasons = (INACTIVE, RETIRED, assigns_again, ALREADY_ASSIGNED, BEING_ASSIGNED)
    # Values of any type that the database driver takes.
    values: tuple[Any, ...] = (*pairs, *terms, *reasons, batch.pk, stored_datetime(batch.frozen_at))
    with connection.cursor() as cursor:
        cursor.execute(_INSERT.format(days=placeholders), values)


def delete_rows(batch_pk: int) -> None:
    """Delete the rows of a batch, which must not be submitted."""
    with connection.cursor() as cursor:
        cursor.execute(_DELETE, [batch_pk])


def _adapted(day: date) -> object:
    return connection.ops.adapt_datefield_value(day)
