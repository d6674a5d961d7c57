"""Who may approve a batch: managers who assign in its account, except its submitter."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet

from assignments.models import Batch, SubmitterAddress
from assignments.queries.account_scope import forbidden_accounts

if TYPE_CHECKING:
    # django-stubs resolves this to AUTH_USER_MODEL, which the app must not import by its name.
    from django.contrib.auth.models import _User as User


ASSIGN: Final = "assignments.assign"


def same_person(user: User, *, at: str = "") -> Q:
    """Return the condition that a user is this person, with this user account or another one.

    Users who have or had the same e-mail address count as one person: see `addresses` in
    `dashboard.access`.

    :param at: the path from the rows of the query to the user, ending in two underscores
    """
    issuer = user.issuer.rstrip("/")
    same = Q(**{f"{at}pk": user.pk}) | Q(
        **{f"{at}issuer__in": [issuer, f"{issuer}/"], f"{at}subject": user.subject}
    )
    sharing = get_user_model().objects.filter(addresses__digest__in=_addresses(user))
    return same | Q(**{f"{at}pk__in": sharing.values("pk")})


def _submitted_by(user: User) -> Q:
    """Return the condition that this person submitted a batch, by the addresses of then and now."""
    of_then = SubmitterAddress.objects.filter(digest__in=_addresses(user))
    return same_person(user, at="by__") | Q(pk__in=of_then.values("approval"))


def _addresses(user: User) -> QuerySet[Any, Any]:
    return user.addresses.values("digest")


def objection(user: User, batch: Batch) -> str:
    """Return why the user may not approve or reject the batch; empty if they may."""
    if not user.has_perm(ASSIGN) or batch.account.remote_id in forbidden_accounts(user):
        return "Only managers who may assign in this account decide about it."
    if is_submitter(user, batch):
        return "You submitted it, so another manager has to decide. You can withdraw it."
    return ""


def is_submitter(user: User, batch: Batch) -> bool:
    """Return whether the person submitted the batch, with this user account or another one."""
    return Batch.objects.filter(_submitted_by(user), pk=batch.pk).exists()


def approvers(batch: Batch) -> list[User]:
    """Return all users who may approve or reject the batch, by name."""
    of_then = SubmitterAddress.objects.filter(approval=batch.pk).values("digest")
    same = same_person(batch.by) | Q(
        pk__in=get_user_model().objects.filter(addresses__digest__in=of_then).values("pk")
    )
    users = get_user_model().objects.filter(is_active=True).exclude(same)
    account = batch.account.remote_id
    return [
        user
        for user in users.order_by("name", "pk")
        if user.has_perm(ASSIGN) and account not in forbidden_accounts(user)
    ]


def awaits_decision_by(user: User) -> Q:
    """Return the condition that a batch waits for a decision that this user may make."""
    if not user.has_perm(ASSIGN):
        return Q(pk=None)
    waiting = Q(state=Batch.State.APPROVAL) & ~_submitted_by(user)
    forbidden = forbidden_accounts(user)
    return waiting & ~Q(account__remote_id__in=forbidden) if forbidden else waiting


def possibly_split_batches(user: User, *, since: datetime) -> QuerySet[Batch]:
    """Return the batches, possibly split, that this user could have been asked to approve."""
    if not user.has_perm(ASSIGN):
        return Batch.objects.none()
    batches = Batch.objects.filter(submitted_at__gt=since).exclude(split_with=[])
    forbidden = forbidden_accounts(user)
    others = batches.exclude(_submitted_by(user)).exclude(account__remote_id__in=forbidden)
    return others.order_by("-submitted_at", "-pk")


def batches_awaiting(user: User) -> QuerySet[Batch]:
    """Return the batches that wait for a decision that this user may make, by expiry."""
    batches = Batch.objects.filter(awaits_decision_by(user)).select_related("approval", "account")
    return batches.order_by("approval__expires_at", "pk")
