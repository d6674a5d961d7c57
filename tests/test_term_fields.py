"""Every term of a draft reaches every place that it has to reach; a failure names the place.

A new field on `Terms` needs a `Sample` here, and then the test says what else it needs.
"""

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models import CharField, TextField
from django.urls import reverse

from assignments.forms.assign import TermsForm
from assignments.forms.review import ReviewForm
from assignments.models import Assignment, Batch, Draft, Learner, LogEntry
from assignments.models.terms import SENT_TEXTS, TERM_FIELDS, Terms
from assignments.services.batches import control
from assignments.services.picking import batch_copy
from assignments.services.planning.plan_digest import FORMATS, recomputed_digest
from assignments.services.privacy.erasure import erase
from assignments.services.submitting import approval
from tests.factories import make_actor, make_user

pytestmark = pytest.mark.django_db
ERASED_NAME = "Xqzelif Wvkyilmaz"
# Fields of a draft that apply to no row: what it is, whose, and what happened to it.
NO_TERMS = {
    "id",
    "account",
    "owner",
    "assigns_again",
    "file_columns",
    "is_submitted",
    "created_at",
    "changed_at",
    "discarded_at",
}
# A reason is for people and the log: the LMS never gets it.
NEVER_SENT = {"reason"}
# The API takes it, but no response has it: see tests/test_contract.py.
NEVER_RETURNED = {"passthrough"}


@dataclass(frozen=True)
class Sample:
    """A value of one term, and how it looks wherever it has to be.

    :ivar other: another value that differs in the digest
    :ivar text: on a page, in any case of letters
    :ivar option: of `manage.py assign`
    :ivar detail: in the log's entry of the submission, unless that has a commitment
    :ivar sent: in the request and in the LMS, by the path of the field
    :ivar typed: in the form, if it is not typed as `value`
    :ivar with_terms: what other terms must be, so that this one has an effect
    """

    value: Any
    other: Any
    text: str
    option: tuple[str, str]
    detail: dict[str, object] = field(default_factory=dict)
    sent: dict[str, object] = field(default_factory=dict)
    typed: str = ""
    with_terms: dict[str, Any] = field(default_factory=dict)


SAMPLES = {
    "due_date": Sample(
        value=date(2027, 1, 15),
        other=date(2027, 1, 16),
        text="15 January 2027",
        option=("--due", "2027-01-15"),
        detail={"due_at": "2027-01-15T23:59:59+00:00"},
        sent={"due_date": "2027-01-15T23:59:59.000Z"},
    ),
    "due_time": Sample(
        value=time(17, 30),
        other=time(17, 31),
        typed="17:30",
        text="17:30",
        option=("--due-time", "17:30"),
        detail={"due_at": "2027-01-15T17:30:00+00:00"},
        sent={"due_date": "2027-01-15T17:30:00.000Z"},
        with_terms={"due_date": date(2027, 1, 15)},
    ),
    "status": Sample(
        value="completed",
        other="pending",
        text="completed",
        option=("--status", "completed"),
        detail={"status": "completed"},
        sent={"status.value": "completed"},
    ),
    "progress": Sample(
        value=62.5,
        other=62,
        text="62.5 %",
        option=("--progress", "62.5"),
        detail={"progress": 62.5},
        sent={"progress": 62.5},
    ),
    "assigned_at": Sample(
        value=datetime(2026, 11, 2, 9, 30, tzinfo=UTC),
        other=datetime(2026, 11, 2, 9, 31, tzinfo=UTC),
        typed="2026-11-02T09:30",
        text="2026-11-02 09:30 UTC",
        option=("--assigned-at", "2026-11-02 09:30"),
        detail={"assigned_at": "2026-11-02T09:30:00.000000Z"},
        sent={"assigned_at": "2026-11-02T09:30:00.000Z"},
    ),
    "external_reference": Sample(
        value=f"HR-2027/{ERASED_NAME}",
        other="HR-2028",
        text=f"HR-2027/{ERASED_NAME}",
        option=("--external-reference", f"HR-2027/{ERASED_NAME}"),
        sent={"external_reference": f"HR-2027/{ERASED_NAME}"},
    ),
    "source_status": Sample(
        value=f"Enrolled for {ERASED_NAME}",
        other="Enrolled",
        text=f"Enrolled for {ERASED_NAME}",
        option=("--source-status", f"Enrolled for {ERASED_NAME}"),
        sent={"status.source_value": f"Enrolled for {ERASED_NAME}"},
    ),
    "passthrough": Sample(
        value=f'{{"approver":"{ERASED_NAME}","levels":[1,2.5,null,true]}}',
        other='{"approver":"Daniel Osei"}',
        text=ERASED_NAME,
        option=(
            "--passthrough",
            f'{{"approver": "{ERASED_NAME}", "levels": [1, 2.5, null, true]}}',
        ),
        sent={"passthrough": {"approver": ERASED_NAME, "levels": [1, 2.5, None, True]}},
    ),
    "reason": Sample(
        value=f"Asked for by {ERASED_NAME}",
        other="Policy DP-14",
        text=f"Asked for by {ERASED_NAME}",
        option=("--reason", f"Asked for by {ERASED_NAME}"),
        detail={"reason": f"Asked for by {ERASED_NAME}"},
    ),
}


def test_every_field_of_a_draft_is_a_term_or_says_that_it_is_none():
    of_drafts = {f.name for f in Draft._meta.local_concrete_fields}

    assert of_drafts - NO_TERMS == set(TERM_FIELDS), (
        "Put a new field of a draft on `Terms` if it applies to the rows, or add it to NO_TERMS."
    )


def test_every_term_has_a_sample():
    assert set(SAMPLES) == set(TERM_FIELDS), "Add a Sample of the new term to this file."


def test_a_new_term_is_absent_from_plans_that_were_made_before_it():
    first = {"due_date", "status", "progress", "reason"}
    for name in set(TERM_FIELDS) - first:
        column: Any = Terms._meta.get_field(name)
        assert column.null or column.blank, f"{name} must be optional: older plans have none."


@pytest.mark.parametrize("name", TERM_FIELDS)
def test_a_term_reaches_every_place(desk, client, settings, name):
    settings.APPROVAL_THRESHOLD, settings.DUE_TIMES = 0, True
    sample, world = SAMPLES[name], World(desk, client)

    missing = []
    try:
        for place, has_term in world.places(name, sample):
            if not has_term:
                missing.append(place)
    finally:
        # A place that misses it may also break a later one.
        assert missing == [], f"The term {name!r} is missing from: {', '.join(missing)}."


class World:
    """A manager, a second manager who approves, and a browser."""

    def __init__(self, desk: Any, client: Any) -> None:
        self.desk, self.client = desk, client
        self.second = make_user(name="Daniel Osei", email="daniel@northwind.example")
        self.terms: dict[str, Any] = {"due_date": None, "status": "pending"}

    def places(self, name: str, sample: Sample) -> Any:
        """Yield each place, in the order in which a term passes them, and whether it is there."""
        self.terms |= sample.with_terms
        yield from self.on_the_draft(name, sample)
        yield "the digest of the plan", self.changes_the_digest(name, sample)
        draft = self.desk.draft(people=1, **self.terms | {name: sample.value})
        Learner.objects.filter(pk=draft.picked_learners.get().learner_id).update(name=ERASED_NAME)
        batch = yield from self.on_the_batch(draft, name, sample)
        self.deliver(batch)
        yield from self.once_sent(batch, name, sample)
        yield "the option of manage.py assign", self.is_an_option(name, sample)

    def on_the_batch(self, draft: Draft, name: str, sample: Sample) -> Any:
        """Yield the places up to the approval, and return the batch."""
        plan = self.desk.review(draft)
        yield "the plan (frozen_plan.freeze)", getattr(plan, name) == sample.value
        if name in TermsForm.base_fields:
            yield "the review page", self.shows(sample, "review", draft.pk)
        batch = self.submit(draft, plan)
        yield "the submission (submission.submit)", getattr(batch, name) == sample.value
        yield "the log's entry of the submission", self.is_logged(batch, name, sample)
        yield (
            "the approval page",
            self.shows(sample, "batch-approval", batch.number, by=self.second),
        )
        return batch

    def once_sent(self, batch: Batch, name: str, sample: Sample) -> Any:
        """Yield the places of a batch that was sent."""
        yield "the batch page", self.shows(sample, "batch", batch.number)
        if name not in NEVER_SENT:
            yield "the request (planning/request.py)", self.is_requested(batch, name, sample)
        if name not in NEVER_SENT | NEVER_RETURNED:
            yield "the sandbox LMS", self.is_held_by_the_lms(batch, sample)
        owner, now = self.desk.owner.pk, self.desk.clock()
        copy = batch_copy.copy_to_draft(batch=batch, owner_pk=owner, now=now)
        yield "the copy of a batch", getattr(copy, name) == sample.value
        if holds_free_text(name):
            yield from self.erased(name, batch)

    def on_the_draft(self, name: str, sample: Sample) -> Any:
        """Yield the places of the New assignment page, or of the review page for its own form."""
        draft = self.desk.draft(people=1, **self.terms)
        self.client.force_login(self.desk.owner)
        if name in ReviewForm.base_fields:
            self.desk.review(draft)
            page = self.client.get(reverse("review", args=[draft.pk])).content.decode()
            yield "the form of the review page", f'name="{name}"' in page
            return
        yield "the form (forms/assign.py)", name in TermsForm.base_fields
        page = self.client.get(reverse("assign", args=[draft.pk])).content.decode()
        yield "the form's template (draft/terms.html)", f'name="{name}"' in page
        form = {key: value or "" for key, value in self.terms.items()}
        form |= {name: sample.typed or sample.value}
        self.client.post(reverse("assign-terms", args=[draft.pk]), form)
        stored = Draft.objects.get(pk=draft.pk)
        yield "drafts.set_terms", getattr(stored, name) == sample.value
        behind = form | {name: sample.other, "terms_seen": seen_on(page)}
        self.client.post(reverse("assign-terms", args=[draft.pk]), behind)
        kept = Draft.objects.get(pk=draft.pk)
        yield "concurrent edits", getattr(kept, name) == sample.value

    def changes_the_digest(self, name: str, sample: Sample) -> bool:
        """Return whether two plans that differ in this term alone have two digests."""
        draft = self.desk.draft(people=1, **self.terms)
        digests = set()
        for value in (sample.value, sample.other):
            setattr(draft, name, value)
            draft.save()
            digests.add(self.desk.review(draft).plan_digest)
        return len(digests) == 2

    def shows(self, sample: Sample, page: str, pk: object, *, by: Any = None) -> bool:
        """Return whether a page shows the term."""
        self.client.force_login(by or self.desk.owner)
        html = self.client.get(reverse(page, args=[pk])).content.decode()
        text = " ".join(re.sub(r"<[^>]+>", " ", html).split())
        return sample.text.casefold() in text.casefold()

    def submit(self, draft: Draft, plan: Batch) -> Batch:
        """Submit the plan with the page's button."""
        self.client.force_login(self.desk.owner)
        form = {"plan_digest": plan.plan_digest, "reason": draft.reason, "confirms_completed": "on"}
        self.client.post(reverse("submit", args=[draft.pk]), form)
        return Batch.objects.get(pk=plan.pk)

    def is_logged(self, batch: Batch, name: str, sample: Sample) -> bool:
        """Return whether the entry of the submission holds the term, or the plan's commitment."""
        entry = LogEntry.objects.get(action="batch.submitted", subject=batch.ref)
        detail = json.loads(bytes(entry.body))["detail"]
        if name in SENT_TEXTS:
            return bool(detail.get(name) == commitment_to(batch, name))
        return bool(sample.detail.items() <= detail.items())

    def deliver(self, batch: Batch) -> None:
        """Let the second manager approve the batch, and send it."""
        by, now = make_actor(self.second), self.desk.clock()
        approval.approve(batch=batch, plan_digest=batch.plan_digest, by=by, now=now)
        control.start_now(batch=batch, by=self.desk.by, now=now)
        self.desk.deliver()
        assert self.desk.states(batch) == ["created"]

    def is_requested(self, batch: Batch, name: str, sample: Sample) -> bool:
        """Return whether the log holds the term of the request, or the plan's commitment to it."""
        entry = LogEntry.objects.get(action="assignment.created")
        request = json.loads(bytes(entry.body))["detail"]["request"]
        commitment = commitment_to(batch, name) if name in SENT_TEXTS else None
        return all(at(request, path) == (commitment or sent) for path, sent in sample.sent.items())

    def is_held_by_the_lms(self, batch: Batch, sample: Sample) -> bool:
        """Return whether the LMS keeps the term."""
        row = batch.assignments.get()
        path = f"/unified/lms/users/{row.learner_remote_id}/assignments/{row.remote_id}"
        with self.desk.lms.client() as client:
            held = client.get(path).json()["data"]
        return all(at(held, path) == sent for path, sent in sample.sent.items())

    def is_an_option(self, name: str, sample: Sample) -> bool:
        """Return whether `manage.py assign` takes the term."""
        content = Draft.objects.earliest("created_at").picked_contents.get().content
        options = {"--due": "none", "--status": self.terms["status"]}
        options |= {sample.option[0]: sample.option[1]}
        words = [part for option in options.items() for part in option]
        call_command(
            *("assign", "--as", self.desk.owner.email, "--all", "--again", "--yes", "--json"),
            *("--content", content.external_reference, *words),
        )
        made = Batch.objects.latest("pk")
        return bool(getattr(made, name) == sample.value)

    def erased(self, name: str, batch: Batch) -> Any:
        """Yield where a name that was typed into the term has to go."""
        admin, learner = make_actor(make_user("admin")), batch.assignments.get().learner_id
        erase(ref=f"learner/{learner}", reason="They asked", by=admin, now=self.desk.clock())
        texts = [getattr(row, name) for row in (*Draft.objects.all(), *Batch.objects.all())]
        yield "erasure (privacy/redacted_fields.py)", not any(ERASED_NAME in text for text in texts)
        batch.refresh_from_db()
        batch.assignments.update(state=Assignment.State.PLANNED)
        is_committed = all(name in versioned.texts for versioned in FORMATS.values())
        is_same = recomputed_digest(batch) == batch.plan_digest
        yield "the texts of the digest that can be erased", is_committed and is_same


def at(record: Any, path: str) -> Any:
    """Return the field of a JSON object at a path such as `status.value`."""
    for name in path.split("."):
        record = record.get(name) or {}
    return record


def commitment_to(batch: Batch, name: str) -> dict[str, str]:
    """Return the commitment of the plan to a text, as the log holds it."""
    return {"commit": batch.digest_input.commitments[name]}


def seen_on(page: str) -> str:
    """Return the terms that a page showed, as it sends them back."""
    match = re.search(r'name="terms_seen" value="([^"]*)"', page)
    assert match
    return match[1]


def holds_free_text(name: str) -> bool:
    """Return whether people may type anything into the field, a name for instance."""
    column = Terms._meta.get_field(name)
    return isinstance(column, CharField | TextField) and not column.choices
