"""Who may approve a batch: managers who assign in its account, except its submitter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet

from assignments.models import Batch
from assignments.queries.account_scope import closed_to

if TYPE_CHECKING:
    # django-stubs resolves this to AUTH_USER_MODEL, which the app must not import by its name.
    from django.contrib.auth.models import _User as User


ASSIGN: Final = "assignments.assign"


def same_person(user: User, *, at: str = "") -> Q:
    """Return the condition that a user is this person, whichever account they signed in with.

    :param at: the path from the rows that are asked to the user, ending in two underscores
    """
    issuer = user.issuer.rstrip("/")
    same = Q(**{f"{at}pk": user.pk}) | Q(
        **{f"{at}issuer__in": [issuer, f"{issuer}/"], f"{at}subject": user.subject}
    )
    # An address alone never lets anybody in, but two accounts with one are hardly two people.
    return same | Q(**{f"{at}email__iexact": user.email}) if user.email else same


def objection(user: User, batch: Batch) -> str:
    """Return why the person may not decide about the batch, or nothing."""
    if not user.has_perm(ASSIGN) or batch.account.remote_id in closed_to(user):
        return "Only managers who may assign in this account decide about it."
    if is_submitter(user, batch):
        return "You submitted it, so another manager has to decide. You can withdraw it."
    return ""


def is_submitter(user: User, batch: Batch) -> bool:
    """Return whether the person submitted the batch, with this account or another one."""
    return get_user_model().objects.filter(same_person(user), pk=batch.by_id).exists()


def approvers(batch: Batch) -> list[User]:
    """Return everybody who may decide about the batch and has signed in once, by name."""
    users = get_user_model().objects.filter(is_active=True).exclude(same_person(batch.by))
    account = batch.account.remote_id
    return [
        user
        for user in users.order_by("name", "pk")
        if user.has_perm(ASSIGN) and account not in closed_to(user)
    ]


def awaits(user: User) -> Q:
    """Return the condition that a batch waits for this person's decision."""
    if not user.has_perm(ASSIGN):
        return Q(pk=None)
    waiting = Q(state=Batch.State.APPROVAL) & ~same_person(user, at="by__")
    closed = closed_to(user)
    return waiting & ~Q(account__remote_id__in=closed) if closed else waiting


def awaiting(user: User) -> QuerySet[Batch]:
    """Return the batches that wait for this person's decision, the next to expire first."""
    batches = Batch.objects.filter(awaits(user)).select_related("approval", "account")
    return batches.order_by("approval__expires_at", "pk")
