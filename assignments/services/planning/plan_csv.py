"""A plan as CSV: every row as it will be sent, or why it is skipped."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import batched
from typing import BinaryIO, Final

from django.db import transaction

from assignments.audit.entries.actors import Actor
from assignments.audit.export.csv_format import BYTE_ORDER_MARK, to_csv_lines
from assignments.audit.log import Event, record
from assignments.models import Assignment, Batch
from assignments.queries.drafts import planned_rows
from assignments.services.planning.own_terms import load
from assignments.services.planning.passthrough import to_compact_json

CHUNK: Final = 2_000
HEADINGS: Final = (
    "Row",
    "Person",
    "E-mail",
    "Employee ID",
    "LMS ID",
    "Item",
    "Reference",
    "Due date",
    "Due (UTC)",
    "What happens",
    "Why",
    "Own fields",
)


def write_plan(*, batch: Batch, by: Actor, now: datetime, out: BinaryIO) -> None:
    """Write the rows of a plan in order, as CSV in UTF-8, and log the download."""
    out.write((BYTE_ORDER_MARK + to_csv_lines([list(HEADINGS)])).encode())
    for lines in batched(_lines(batch), CHUNK):
        out.write(to_csv_lines(lines).encode())
    event = Event(
        action="plan.downloaded",
        subject=f"draft/{batch.submission_key}",
        account=batch.account.remote_id,
        result="csv",
        detail={"rows": batch.rows, "plan_digest": batch.plan_digest},
    )
    with transaction.atomic():
        record(event, by=by, at=now)


def _lines(batch: Batch) -> Iterator[list[str]]:
    for row in planned_rows(batch).iterator(chunk_size=CHUNK):
        skipped = row.state == Assignment.State.SKIPPED
        learner, content = row.learner, row.content
        yield [
            str(row.position),
            str(learner),
            learner.email,
            learner.external_reference,
            row.learner_remote_id,
            str(content),
            row.content_reference,
            str(row.due_date or ""),
            row.due_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if row.due_at else "",
            "Skipped" if skipped else "Created",
            row.problem,
            to_compact_json(load(row.own_terms).terms) if row.own_terms else "",
        ]
