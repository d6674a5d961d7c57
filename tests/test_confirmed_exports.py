"""Exports of the log in every format hold the rows that the LMS confirmed and does not show."""

import io
import zipfile
from datetime import timedelta

import pytest

from assignments.audit.export.formats import FORMATS, ExportContext, export_log
from assignments.audit.search.query import Query
from assignments.services.calls.call_process import EndedCall
from assignments.services.sending import claims, outcomes, reconciliation
from assignments.stackone.commands import UserAssignments
from assignments.stackone.resources import CreatedAssignment
from tests.factories import AT, log_submission, make_batch
from tests.log_fixtures import PRIYA

pytestmark = pytest.mark.django_db
SENTENCE = {
    "csv": b"which the LMS had confirmed",
    "xlsx": b"which the LMS had confirmed",
    "jsonl": b"assignment.confirmed",
    "pack": b"assignment.confirmed",
}


def confirm_a_row():
    """Let the LMS take a row with a 202 and never show it; return the row."""
    batch = make_batch(["planned"], state="running")
    log_submission(batch)
    account = batch.account
    due = claims.due(account=account, count=1, turn=0, now=AT)
    (claim,) = claims.claim(due, sender="s-1", now=AT)
    accepted = EndedCall(claim, CreatedAssignment(None, None, 202), AT)
    outcomes.settle(account=account, sender="s-1", calls=[accepted], now=AT)
    later = AT + timedelta(hours=2)
    (job,) = reconciliation.due(account=account, count=1, in_flight=(), now=later)
    absent = EndedCall(job, UserAssignments((), 1), later)
    reconciliation.settle(account=account, read_backs=[absent], now=later)
    return batch.assignments.get()


def content(data):
    """Return the bytes of an export, unpacked."""
    if not zipfile.is_zipfile(io.BytesIO(data)):
        return data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return b"".join(map(archive.read, archive.namelist()))


@pytest.mark.parametrize("form", FORMATS)
def test_an_export_holds_confirmed_rows(tmp_path, form):
    row = confirm_a_row()
    out = io.BytesIO()
    context = ExportContext(by=PRIYA, now=AT + timedelta(hours=3), folder=tmp_path)

    export_log(query=Query(), format=form, context=context, out=out)

    assert row.state == "confirmed"
    exported = content(out.getvalue())
    assert SENTENCE[form] in exported
    assert f"assignment/{row.pk}".encode() in exported
