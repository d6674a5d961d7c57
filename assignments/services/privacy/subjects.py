"""Whom an erasure is about: a person of the LMS, or somebody who signed in here and has left."""

import re
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth import get_user_model

from assignments.models import Learner, PersonalValue

# The issuer of nobody: no sign-in ever finds such a user again.
ERASED_ISSUER: Final = "erased"
_REF: Final = re.compile(r"(learner|user)/(\d{1,15})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Subject:
    """One of the two, as the log calls them; `names` is all that texts may name them by."""

    ref: str
    learner: Learner | None
    user: Any
    names: tuple[str, ...]
    is_erased: bool

    def __str__(self) -> str:
        return str(self.learner or self.user)


def subject(ref: str) -> Subject | None:
    """Return whom a ref such as `learner/12` or `user/3` means; None if it is nobody."""
    found = _REF.fullmatch(ref)
    if found is None:
        return None
    kind, pk = found[1], int(found[2])
    if kind == "learner":
        learner = Learner.objects.select_related("account").filter(pk=pk).first()
        return _learner(learner) if learner else None
    user: Any = get_user_model().objects.filter(pk=pk).first()
    return _user(user) if user else None


def _learner(learner: Learner) -> Subject:
    ref = f"learner/{learner.pk}"
    now = (learner.name, learner.email, learner.external_reference)
    return Subject(ref, learner, None, _known(ref, now), learner.erased_at is not None)


def _user(user: Any) -> Subject:
    ref = f"user/{user.pk}"
    return Subject(
        ref, None, user, _known(ref, (user.name, user.email)), user.issuer == ERASED_ISSUER
    )


def _known(ref: str, now: tuple[str, ...]) -> tuple[str, ...]:
    """Return what somebody is called now, and was called in entries before."""
    before = PersonalValue.objects.filter(ref=ref).exclude(field="ip").order_by("commitment")
    names = [*now, *before.values_list("value", flat=True)]
    return tuple(dict.fromkeys(name for name in names if name))
