"""The data subject of an erasure or legal hold: a learner of the LMS, or a user of this product."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.contrib.auth import get_user_model

from assignments.models import Learner, PersonalValue

if TYPE_CHECKING:
    # django-stubs resolves this to AUTH_USER_MODEL, which the app must not import by its name.
    from django.contrib.auth.models import _User as User

# No identity provider has this issuer, so an erased user can never sign in again.
ERASED_ISSUER: Final = "erased"
_REF: Final = re.compile(r"(learner|user)/(\d{1,15})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Subject:
    """A learner or a user; one of the two is set.

    :ivar ref: as in the log, `learner/12` or `user/3`
    :ivar names: current and earlier names, e-mail addresses and IDs, to search texts for
    """

    ref: str
    learner: Learner | None
    user: User | None
    names: tuple[str, ...]
    is_erased: bool

    def __str__(self) -> str:
        return str(self.learner or self.user)


def find_subject(ref: str) -> Subject | None:
    """Return the learner or user with a ref such as `learner/12` or `user/3`, if there is one."""
    match = _REF.fullmatch(ref)
    if match is None:
        return None
    kind, pk = match[1], int(match[2])
    if kind == "learner":
        learner = Learner.objects.select_related("account").filter(pk=pk).first()
        return _from_learner(learner) if learner else None
    user = get_user_model().objects.filter(pk=pk).first()
    return _from_user(user) if user else None


def _from_learner(learner: Learner) -> Subject:
    ref = f"learner/{learner.pk}"
    names = (learner.name, learner.email, learner.external_reference)
    return Subject(ref, learner, None, _collect_names(ref, names), learner.erased_at is not None)


def _from_user(user: User) -> Subject:
    ref = f"user/{user.pk}"
    return Subject(
        ref, None, user, _collect_names(ref, (user.name, user.email)), user.issuer == ERASED_ISSUER
    )


def _collect_names(ref: str, current: tuple[str, ...]) -> tuple[str, ...]:
    """Return the current names and those that entries of the log disclose."""
    recorded = PersonalValue.objects.filter(ref=ref).exclude(field="ip").order_by("commitment")
    names = [*current, *recorded.values_list("value", flat=True)]
    return tuple(dict.fromkeys(name for name in names if name))
