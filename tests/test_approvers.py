"""Who may decide about a batch: managers of its account, never its submitter."""

import pytest
from django.db import IntegrityError, transaction

from assignments.audit.entries.actors import Actor
from assignments.models import Approval
from assignments.queries.approvals import approvers, batches_awaiting
from assignments.services.batches.control import ControlRefused
from assignments.services.submitting import approval
from tests.approval_fixtures import LATER, decide, entry, make_second, make_waiting
from tests.factories import make_actor, make_user

pytestmark = pytest.mark.django_db
OWN_BATCH = "You submitted it, so another manager has to decide. You can withdraw it."


def other_issuer(priya):
    """Return the account of the same subject that an older spelling of the issuer left."""
    return make_user(issuer=f"{priya.issuer}/", subject=priya.subject, email="p@northwind.example")


def other_subject(priya):
    """Return an account with the same address in capitals."""
    return make_user(email=priya.email.upper())


@pytest.mark.parametrize(
    "account",
    [
        pytest.param(lambda priya: priya, id="the same account"),
        pytest.param(other_issuer, id="a second account of the same subject"),
        pytest.param(other_subject, id="a second account with the same address"),
    ],
)
def test_the_submitter_cannot_decide_with_any_of_their_accounts(account):
    batch = make_waiting()
    same = account(batch.by)

    for act, more in (
        (approval.approve, {"plan_digest": batch.plan_digest}),
        (approval.reject, {}),
    ):
        with pytest.raises(ControlRefused) as refusal:
            act(batch=batch, by=make_actor(same), now=LATER, why="Mine", **more)
        assert str(refusal.value) == OWN_BATCH
    assert not batches_awaiting(same).exists()
    assert list(batches_awaiting(make_second())) == [batch]
    assert same not in approvers(batch)


@pytest.mark.parametrize(
    ("who", "digest", "problem"),
    [
        pytest.param("submitter", "", OWN_BATCH, id="the submitter"),
        pytest.param(
            "second",
            "0" * 64,
            "This is not the plan that you looked at. Look at it again.",
            id="another plan",
        ),
    ],
)
def test_a_refused_attempt_to_approve_is_recorded(who, digest, problem):
    batch = make_waiting()
    user = batch.by if who == "submitter" else make_second()

    with pytest.raises(ControlRefused):
        decide(batch, user, plan_digest=digest or batch.plan_digest)

    refused = entry("batch.approval_refused")
    assert refused["actor"]["ref"] == f"user/{user.pk}"
    assert (refused["batch"], refused["result"]) == (batch.ref, "refused")
    assert refused["detail"] == {"problem": problem}
    assert Approval.objects.get().decision == ""


def test_one_subject_cannot_have_two_accounts():
    priya = make_user()

    with pytest.raises(IntegrityError), transaction.atomic():
        make_user(issuer=priya.issuer, subject=priya.subject)


def test_a_constraint_refuses_a_decision_of_the_submitter():
    batch = make_waiting()

    with pytest.raises(IntegrityError), transaction.atomic():
        Approval.objects.update(decision="approved", decided_at=LATER, decided_by=batch.by)


def test_who_may_approve_are_managers_of_the_account(settings):
    settings.ACCOUNT_GROUPS = {"sandbox": ["eu"]}
    batch = make_waiting()
    eva = make_second(name="Eva", email="eva@northwind.example", groups=["eu"])
    daniel = make_second(groups=["us"])
    gone = make_second(name="Gone", email="gone@northwind.example", groups=["eu"], is_active=False)

    assert approvers(batch) == [eva]
    for nobody in (daniel, gone, make_user("auditor", groups=["eu"])):
        assert not batches_awaiting(nobody).exists()
        with pytest.raises(ControlRefused, match="Only managers who may assign in this account"):
            decide(batch, nobody)
    assert list(batches_awaiting(eva)) == [batch]


@pytest.mark.parametrize("ref", ["system", "user/99999", "operator/root"])
def test_only_people_decide(ref):
    batch = make_waiting()

    with pytest.raises(ControlRefused, match="Only people decide"):
        approval.reject(batch=batch, by=Actor(ref=ref, means="worker"), now=LATER, why="No")
