"""Terms of single rows of a file: stored with a commitment, reviewed, sent, erased, copied."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments.models import Assignment, Batch, DraftRow, Learner, LogEntry
from assignments.services.batches import plan_integrity
from assignments.services.picking import batch_copy
from assignments.services.planning.own_terms import apply, commit_to, is_committed, load, redact
from assignments.services.planning.plan_csv import write_plan
from assignments.services.planning.plan_digest import recomputed_digest
from assignments.services.planning.request import json_body, new_assignment
from assignments.services.privacy.redacted_fields import redact_person
from assignments.services.privacy.subjects import find_subject
from assignments.stackone.resources import NewAssignment
from tests.live import Desk

NAME = "Xqzelif Wvkyilmaz"
OWN = {
    "progress": 62.5,
    "assigned_at": datetime(2026, 11, 2, 9, 30, tzinfo=UTC),
    "external_reference": f"HR/{NAME}",
    "source_status": "ENROLLED",
    "passthrough": f'{{"approver":"{NAME}","cohort":"B"}}',
}
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)
TERMS = st.fixed_dictionaries(
    {},
    optional={
        "progress": st.integers(0, 100).map(float) | st.just(62.5),
        "assigned_at": st.just(OWN["assigned_at"]),
        "external_reference": TEXT,
        "source_status": TEXT,
        "passthrough": st.just('{"cohort":"B"}'),
    },
)
NEW = NewAssignment("CRS-1", "c1", None, "pending", 10, None, passthrough='{"tenant":"north"}')


@given(TERMS)
def test_a_row_is_sent_with_its_own_terms_and_those_of_the_batch(terms):
    stored = commit_to(terms)

    if not any(value not in {None, ""} for value in terms.values()):
        assert stored == ""
        return
    new = apply(stored, NEW)
    assert is_committed(stored)
    assert new.progress == terms.get("progress", 10)
    assert new.assigned_at == terms.get("assigned_at")
    assert new.external_reference == terms.get("external_reference", "")
    own = json.loads(terms.get("passthrough", "{}"))
    assert json.loads(new.passthrough) == {"tenant": "north", **own}


@given(TERMS.filter(commit_to))
def test_text_that_changes_loses_its_commitment(terms):
    stored = commit_to(terms)
    altered = stored.replace("north", "south").replace('"ENROLLED"', '"DONE"')

    assert redact(stored, lambda text: text) == stored
    assert altered == stored or not is_committed(altered)
    redacted = redact(commit_to({"external_reference": NAME}), lambda _: "gone")
    assert not is_committed(redacted)
    assert load(redacted).terms == {"external_reference": "gone"}


def submitted(desk: Desk, **terms: Any) -> Batch:
    """Submit two rows of a file, the first with terms of its own."""
    draft = desk.draft(people=2, **terms)
    picked, content = list(draft.picked_learners.order_by("pk")), draft.picked_contents.get()
    draft.picked_learners.all().delete()
    for row, own_terms in zip(picked, (commit_to(OWN), ""), strict=True):
        key = {"learner_id": row.learner_id, "content_id": content.content_id}
        DraftRow.objects.create(draft=draft, **key, own_terms=own_terms)
    return desk.submit_draft(draft)


def test_every_row_has_its_own_request(desk):
    batch = submitted(desk, progress=10, passthrough='{"tenant":"north","cohort":"A"}')
    own = batch.assignments.exclude(own_terms="").get()
    other = batch.assignments.get(own_terms="")

    body = json_body(new_assignment(own))
    assert body["progress"] == 62.5
    assert body["assigned_at"] == "2026-11-02T09:30:00.000Z"
    assert body["external_reference"] == f"HR/{NAME}"
    assert body["status"] == {"value": "pending", "source_value": "ENROLLED"}
    assert body["passthrough"] == {"tenant": "north", "cohort": "B", "approver": NAME}
    assert json_body(new_assignment(other))["progress"] == 10


def test_the_log_holds_commitments_to_them_and_the_plans_file_the_text(desk, tmp_path):
    batch = submitted(desk, passthrough='{"tenant":"north","cohort":"A"}')
    own = batch.assignments.exclude(own_terms="").get()
    with (tmp_path / "plan.csv").open("wb") as out:
        write_plan(batch=batch, by=desk.by, now=desk.clock(), out=out)

    desk.deliver()

    assert NAME in (tmp_path / "plan.csv").read_text()

    assert desk.states(batch) == ["created", "created"]
    entries = [json.loads(bytes(entry.body)) for entry in LogEntry.objects.all()]
    assert not any(NAME in json.dumps(entry) for entry in entries)
    created = [entry for entry in entries if entry["action"] == "assignment.created"]
    requests = [entry["detail"]["request"] for entry in created]
    row = load(own.own_terms).commit
    assert {"row": row} in [request.get("external_reference") for request in requests]
    commit = batch.digest_input.commitments["passthrough"]
    assert {"commit": commit, "row": row} in [request["passthrough"] for request in requests]


@pytest.mark.parametrize("is_recommitted", [True, False])
def test_a_row_whose_own_terms_were_changed_is_not_sent(desk, is_recommitted):
    batch = submitted(desk)
    row = batch.assignments.exclude(own_terms="").get()
    changed = commit_to(OWN) if is_recommitted else row.own_terms.replace("ENROLLED", "DONE")
    Assignment.objects.filter(pk=row.pk).update(own_terms=changed)

    desk.deliver()

    row.refresh_from_db()
    assert (row.state, row.problem) == ("skipped", plan_integrity.CHANGED)


def test_an_erasure_redacts_them_and_keeps_the_digest(desk):
    batch = submitted(desk)
    learner = Learner.objects.exclude(assignments__batch=batch).earliest("pk")
    Learner.objects.filter(pk=learner.pk).update(name=NAME)
    person = find_subject(f"learner/{learner.pk}")
    assert person

    redact_person(person)

    batch.refresh_from_db()
    row = batch.assignments.exclude(own_terms="").get()
    assert NAME not in row.own_terms
    assert not DraftRow.objects.filter(own_terms__contains=NAME).exists()
    assert recomputed_digest(batch) == batch.plan_digest
    desk.deliver()
    row.refresh_from_db()
    assert row.state == "skipped"


def test_a_copy_of_the_batch_has_them(desk):
    batch = submitted(desk)

    copy = batch_copy.copy_to_draft(batch=batch, owner_pk=desk.owner.pk, now=desk.clock())

    own = batch.assignments.exclude(own_terms="").get()
    assert list(copy.rows.exclude(own_terms="").values_list("learner", "own_terms")) == [
        (own.learner_id, own.own_terms)
    ]
