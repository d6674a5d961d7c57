"""The plan digest: its published bytes, what changes it, and what must never change it."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from assignments.models import Account, Assignment, Batch, PlanDigestInput
from assignments.services.planning.plan_digest import (
    DIGEST_BYTES,
    FORMATS,
    Format,
    change_text,
    digest_of,
    erase_salts,
    recomputed_digest,
    row_digest,
    terms_of,
    verified_input,
)
from tests.factories import make_batch

DUE = datetime(2027, 1, 15, 22, 59, 59, tzinfo=UTC)
SALT = bytes(range(16))
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
IDS = st.integers(1, 2**53 - 1)

# Written down once for each version and never changed: plans in the field have these digests. If
# one fails, the format was changed without a new version.
GOLDEN_ROW = "cede17fa5a733a46655fbc7729930c4ecef5659cfa07b0530aa90093c44b7d41"
GOLDEN_ROW_WITHOUT_DATE = "e2e39bcfdb543cd1152787c8378b542f8749e16e5564658f332a5c04822b7af3"
GOLDEN_PLAN = "2e28b83ece7fb1dc9f42f11e3e2167df65946d130f44c088bcb43e12670ad6ff"
GOLDEN_PLAN_WITH_TEXT = "165f09516eaffd6d0c56559226db7231f3c830b67875005e22db8210f3f41bdf"


def row_of(**fields: object) -> Assignment:
    """Return a row that is not stored."""
    values = {
        "position": 1,
        "learner_id": 12,
        "content_id": 7,
        "learner_remote_id": "usr_8841",
        "content_remote_id": "c-99812",
        "content_reference": "CRS-0977 é",
        "due_at": DUE,
        "state": "planned",
    }
    return Assignment(**values | fields)


def batch_of(**fields: object) -> Batch:
    """Return a batch that is not stored."""
    account = Account(remote_id="acc-1")
    values = {"account": account, "status": "in_progress", "progress": 40, "due_at": DUE, "rows": 1}
    return Batch(**values | fields)


def input_of(*rows: bytes, text: str = "", version: int = 1) -> PlanDigestInput:
    """Return what is stored beside a batch, with a commitment to the reason if there is one."""
    stored = PlanDigestInput(version=version, row_digests=b"".join(rows))
    if text:
        mac = hmac.digest(SALT, text.encode(), "sha256")
        stored.commitments = {"reason": base64.b64encode(mac).decode()}
        stored.salts = {"reason": base64.b64encode(SALT).decode()}
    return stored


def test_the_digests_of_version_1_are_what_they_always_were():
    row = row_digest(row_of(), 1)
    without_text = digest_of(terms_of(batch_of()), input_of(row))
    with_text = digest_of(terms_of(batch_of(reason="DP-14")), input_of(row, text="DP-14"))

    assert row.hex() == GOLDEN_ROW
    assert row_digest(row_of(due_at=None), 1).hex() == GOLDEN_ROW_WITHOUT_DATE
    assert without_text == GOLDEN_PLAN
    assert with_text == GOLDEN_PLAN_WITH_TEXT


def test_every_version_has_golden_digests():
    assert set(FORMATS) == {1}, "Add the golden digests of the new version to this file."


@pytest.mark.django_db
def test_a_skipped_row_has_another_digest_than_one_to_be_sent():
    batch = make_batch(["planned", "skipped"])
    sent, skipped = batch.assignments.order_by("position")
    stored = bytes(batch.digest_input.row_digests)

    assert stored[:DIGEST_BYTES] == row_digest(sent, 1)
    assert stored[DIGEST_BYTES:] != row_digest(skipped, 1)
    assert len(stored) == 2 * DIGEST_BYTES


@given(IDS, IDS, TEXT, TEXT, TEXT, st.none() | st.datetimes(), TEXT, st.none() | st.integers(0, 99))
def test_a_digest_is_over_what_rfc_8785_says(
    learner, content, ref, person_id, item_id, due, account, done
):
    """Check bytes against the reference library, and that a zone does not matter."""
    due_at = due and due.replace(tzinfo=UTC)
    row = row_of(
        learner_id=learner,
        content_id=content,
        content_reference=ref,
        learner_remote_id=person_id,
        content_remote_id=item_id,
        due_at=due_at and due_at.astimezone(timezone(timedelta(hours=1))) if due_at else None,
    )
    batch = batch_of(account=Account(remote_id=account), progress=done, due_at=due_at)
    moment = due_at and f"{due_at.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
    columns = {
        "type": "assignment-desk/plan-row",
        "version": 1,
        "state": "planned",
        "position": 1,
        "learner_id": learner,
        "content_id": content,
        "content_reference": ref,
        "learner_remote_id": person_id,
        "content_remote_id": item_id,
        "due_at": moment,
    }
    expected = reference_sha256(columns).digest()
    head = {
        "type": "assignment-desk/plan",
        "version": 1,
        "account": account,
        "due_at": moment,
        "progress": done,
        "row_count": 1,
        "status": "in_progress",
        "rows": hashlib.sha256(expected).hexdigest(),
    }

    assert row_digest(row, 1) == expected
    assert digest_of(terms_of(batch), input_of(expected)) == reference_sha256(head).hexdigest()


def reference_sha256(values: dict[str, Any]) -> Any:
    """Return the SHA-256 of what is neither None nor empty, as the reference library writes it."""
    present = {name: value for name, value in values.items() if value not in {None, ""}}
    return hashlib.sha256(rfc8785.dumps(present))


def test_a_digest_covers_only_text_numbers_and_moments():
    with pytest.raises(TypeError, match="not JSON serializable: set"):
        row_digest(row_of(content_reference={1}), 1)
    # RFC 8785 has no larger whole numbers.
    with pytest.raises(TypeError, match="exceeds 53-bit range"):
        row_digest(row_of(learner_id=2**53), 1)


@pytest.fixture
def later_release(monkeypatch):
    """Install a release with an optional term and an optional column that version 1 had not."""
    first = FORMATS[1]
    monkeypatch.setattr(Batch, "note", "", raising=False)
    fields = Format(
        terms={**first.terms, "note": "note"},
        texts=first.texts,
        columns=(*first.columns, "problem_field"),
    )
    return lambda: monkeypatch.setitem(FORMATS, 1, fields)


@pytest.mark.django_db
def test_a_plan_made_before_a_new_field_is_intact_after_it(later_release, monkeypatch):
    batch = make_batch(["planned", "planned"], progress=None)

    later_release()

    assert recomputed_digest(batch) == batch.plan_digest
    monkeypatch.setattr(Batch, "note", "not what was reviewed")
    assert recomputed_digest(batch) != batch.plan_digest


@pytest.mark.django_db
def test_a_batch_that_runs_goes_on_after_a_new_field(desk, later_release):
    desk.lms.set_faults({"429": 1.0})
    batch = desk.submit(people=3)
    desk.deliver()
    batch.refresh_from_db()
    assert (batch.state, "queued" in desk.states(batch)) == ("running", True)

    later_release()
    verified_input.cache_clear()
    desk.lms.set_faults({})
    desk.clock.skip(minutes=10)
    desk.deliver()

    batch.refresh_from_db()
    assert (batch.state, desk.states(batch)) == ("done", ["created"] * 3)


@pytest.fixture
def second_version(monkeypatch):
    """Install a version 2, as a change of the format would bring it."""
    monkeypatch.setitem(FORMATS, 2, FORMATS[1])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("made_as", "set_to"), [pytest.param(2, 1, id="lowered"), pytest.param(1, 2, id="raised")]
)
def test_another_version_than_the_digest_holds_is_noticed(desk, second_version, made_as, set_to):
    draft = desk.draft(people=2)
    if made_as == 1:
        del FORMATS[2]
    batch = desk.submit_draft(draft)
    FORMATS[2] = FORMATS[1]
    assert batch.digest_input.version == made_as
    PlanDigestInput.objects.filter(pk=batch.pk).update(version=set_to)

    desk.deliver()

    batch.refresh_from_db()
    assert (batch.state, desk.states(batch)) == ("paused", ["planned"] * 2)
    assert "its plan is not the one that was reviewed" in batch.pause_reason


@pytest.mark.django_db
def test_plans_of_both_versions_are_sent(desk, second_version):
    second = desk.submit(people=1)
    del FORMATS[2]
    first = desk.submit(people=2)
    FORMATS[2] = FORMATS[1]

    desk.deliver()

    assert (first.digest_input.version, second.digest_input.version) == (1, 2)
    # The person of the second plan is in the first one, too.
    assert (desk.states(first), desk.states(second)) == (["created", "skipped"], ["created"])


@pytest.mark.django_db
def test_a_plan_of_a_later_release_is_not_called_altered(desk, second_version):
    batch = desk.submit(people=2)
    del FORMATS[2]

    desk.deliver()

    batch.refresh_from_db()
    assert (batch.state, recomputed_digest(batch)) == ("paused", "")
    assert "its plan was made by a later version of Assignment Desk" in batch.pause_reason


def test_the_terms_are_those_of_every_version(monkeypatch):
    names = dict(terms_of(batch_of())).keys()
    monkeypatch.setitem(FORMATS, 2, Format(terms={"title": "title"}, texts=(), columns=()))

    assert dict(terms_of(batch_of(title="GDPR"))).keys() == names | {"title"}


@pytest.mark.django_db
def test_each_batch_has_a_digest_of_its_own_rows():
    batches = make_batch(["planned"]), make_batch(["planned"] * 2)

    assert [recomputed_digest(batch) for batch in batches] == [
        batch.plan_digest for batch in batches
    ]
    assert [len(bytes(batch.digest_input.row_digests)) for batch in batches] == [
        DIGEST_BYTES,
        2 * DIGEST_BYTES,
    ]


@pytest.mark.django_db
def test_the_digest_commits_to_the_reason():
    batch = make_batch(["planned"], reason="Policy DP-14")
    Batch.objects.filter(pk=batch.pk).update(reason="Another policy")

    batch.refresh_from_db()

    assert recomputed_digest(batch) == ""


@pytest.mark.django_db
def test_erased_text_leaves_the_digest_verifiable():
    batch = make_batch(["planned"], reason="Asked for by Elif")
    before = batch.digest_input.commitments
    Batch.objects.filter(pk=batch.pk).update(reason="Asked for by somebody")
    erase_salts(batch.pk, ["reason", "pause_reason"])

    batch = Batch.objects.get(pk=batch.pk)

    assert recomputed_digest(batch) == batch.plan_digest
    assert (batch.digest_input.salts, batch.digest_input.commitments) == ({}, before)


@pytest.mark.django_db
def test_erasing_the_text_of_one_batch_leaves_the_salts_of_others():
    batch, other = (make_batch(["planned"], reason="Asked for by Elif") for _ in range(2))

    erase_salts(batch.pk, ["reason"])

    assert PlanDigestInput.objects.get(pk=batch.pk).salts == {}
    assert set(PlanDigestInput.objects.get(pk=other.pk).salts) == {"reason"}


@pytest.mark.django_db
def test_a_text_can_be_given_changed_and_taken_away():
    batch = make_batch(["planned"], reason="")
    digests = [batch.plan_digest]
    for text in ("DP-14", "DP-15", "DP-15", ""):
        change_text(batch, "reason", text)
        digests.append(batch.plan_digest)
        assert recomputed_digest(Batch.objects.get(pk=batch.pk)) == batch.plan_digest

    assert digests[2] == digests[3]
    assert digests[4] == digests[0]
    assert len(set(digests)) == 3


@pytest.mark.django_db
def test_a_plan_without_its_input_has_no_digest(desk):
    batch = desk.submit(people=1)
    PlanDigestInput.objects.filter(pk=batch.pk).delete()

    desk.deliver()

    batch.refresh_from_db()
    assert (recomputed_digest(batch), batch.state) == ("", "paused")
