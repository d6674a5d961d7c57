"""Asks the identity provider again while a session goes on, so that a leaver is out in minutes."""

import time
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from django.db.models import Q
from django.http import HttpRequest

from assignments.views.request_context import acting
from dashboard.access import oidc, provisioning, sessions
from dashboard.access.id_token_claims import identity
from dashboard.access.models import SignIn, User
from dashboard.access.token_encryption import seal, unseal

RENEW_AFTER: Final = timedelta(minutes=10)
OUT_AFTER: Final = timedelta(minutes=15)
CLAIM: Final = timedelta(seconds=12)


class Verdict(Enum):
    """Whether the request may go on."""

    FINE = "fine"
    BY_BROWSER = "only the browser can ask"
    AWAY = "the provider is away for too long"
    OUT = "the person is out"


def renewed(request: HttpRequest, *, now: datetime) -> Verdict:
    """Have the session vouched for again, by one request for all that come at once."""
    signin = SignIn.objects.filter(session_key=request.session.session_key).first()
    if signin is None or signin.confirmed_at is None:
        return Verdict.OUT
    if now - signin.confirmed_at < RENEW_AFTER:
        return _remembered(request, signin.confirmed_at)
    tokens = unseal(signin.tokens)
    if "refresh_token" not in tokens:
        return Verdict.BY_BROWSER
    return _by_one(request, signin, tokens, now)


def confirm(
    request: HttpRequest, signin: SignIn, vouched: oidc.Vouched, *, now: datetime
) -> Verdict:
    """Take over the roles of this moment and let the session go on, or end it."""
    user = provisioning.admit(identity(vouched.claims), by=acting(request), now=now)
    if not isinstance(user, User):
        sessions.sign_out(request, because=user.because)
        return Verdict.OUT
    request.user = user
    tokens = unseal(signin.tokens) | dict(vouched.tokens)
    SignIn.objects.filter(pk=signin.pk).update(
        confirmed_at=now, renewing_until=None, tokens=seal(tokens)
    )
    return _remembered(request, now)


def _by_one(request: HttpRequest, signin: SignIn, tokens: dict[str, str], now: datetime) -> Verdict:
    free = Q(renewing_until=None) | Q(renewing_until__lt=now)
    mine = SignIn.objects.filter(free, pk=signin.pk, confirmed_at=signin.confirmed_at)
    if mine.update(renewing_until=now + CLAIM):
        return _ask(request, signin, tokens, now)
    return Verdict.FINE if _is_recent(signin, now) else _wait_for_the_other(request, signin)


def _is_recent(signin: SignIn, now: datetime) -> bool:
    return signin.confirmed_at is not None and now - signin.confirmed_at < OUT_AFTER


def _ask(request: HttpRequest, signin: SignIn, tokens: dict[str, str], now: datetime) -> Verdict:
    try:
        vouched = oidc.renew(
            refresh_token=tokens["refresh_token"], known=tokens, subject=signin.user.subject
        )
    except oidc.ProviderAway:
        SignIn.objects.filter(pk=signin.pk).update(renewing_until=None)
        return Verdict.FINE if _is_recent(signin, now) else Verdict.AWAY
    except (oidc.Denied, oidc.Untrusted):
        sessions.sign_out(request, because="the identity provider did not confirm the session")
        return Verdict.OUT
    return confirm(request, signin, vouched, now=now)


def _wait_for_the_other(request: HttpRequest, signin: SignIn) -> Verdict:
    for _ in range(int(CLAIM.total_seconds() * 5)):
        found = SignIn.objects.filter(pk=signin.pk).first()
        if found is None or found.confirmed_at is None:
            return Verdict.OUT
        if found.confirmed_at != signin.confirmed_at:
            return _remembered(request, found.confirmed_at)
        if found.renewing_until is None:
            break
        time.sleep(0.2)
    return Verdict.AWAY


def _remembered(request: HttpRequest, confirmed_at: datetime) -> Verdict:
    door = request.session[sessions.DOOR]
    request.session[sessions.DOOR] = door | {"vouched": confirmed_at.timestamp()}
    return Verdict.FINE
