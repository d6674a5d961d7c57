"""Signing in and out, each in one transaction with its entry in the log."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import login, logout
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from assignments.audit.entries.actors import SYSTEM, Actor, Person
from assignments.audit.log import Event, record
from assignments.views.request_context import acting
from dashboard.access.models import SignIn, User
from dashboard.access.oidc import Vouched
from dashboard.access.token_encryption import seal, unseal

DOOR = "door"


@transaction.atomic
def sign_in(
    request: HttpRequest, user: User, vouched: Vouched | None = None, *, is_by_proxy: bool = False
) -> None:
    """Start a new session for the person, under a new key.

    :param is_by_proxy: the session lasts only while the reverse proxy names the same person
    """
    now = timezone.now()
    forget_the_ended(now)
    login(request, user, backend="dashboard.access.backend.SessionBackend")
    until = now + timedelta(hours=settings.SESSION_HOURS)
    request.session[DOOR] = {
        "until": until.timestamp(),
        "seen": now.timestamp(),
        "vouched": now.timestamp() if vouched else None,
        "is_by_proxy": is_by_proxy,
    }
    request.session.save()
    SignIn.objects.create(
        session_key=request.session.session_key or "",
        user=user,
        started_at=now,
        seen_at=now,
        until=until,
        address=request.META.get("REMOTE_ADDR") or None,
        browser=request.headers.get("User-Agent", "")[:200],
        confirmed_at=now if vouched else None,
        provider_session=str(vouched.claims.get("sid", ""))[:255] if vouched else "",
        tokens=seal(vouched.tokens) if vouched else "",
    )
    _record("user.signed_in", by=acting(request), now=now)


@transaction.atomic
def sign_out(request: HttpRequest, *, because: str = "") -> str:
    """End the session of whoever is signed in and return their ID token, if there is one."""
    signin = SignIn.objects.filter(session_key=request.session.session_key or "").first()
    _record("user.signed_out", by=acting(request), now=timezone.now(), because=because)
    logout(request)
    if signin is None:
        return ""
    signin.delete()
    return unseal(signin.tokens).get("id_token", "") if signin.tokens else ""


@transaction.atomic
def end_sign_ins(signins: Sequence[SignIn], *, by: Actor, because: str, now: datetime) -> int:
    """End sessions of others at once, with an entry for each; return how many."""
    keys = [signin.session_key for signin in signins]
    for signin in signins:
        event = Event(
            action="session.ended",
            subject=f"user/{signin.user_id}",
            result="ended",
            people=(Person(ref=f"user/{signin.user_id}", name=signin.user.name),),
            detail={"reason": because},
        )
        record(event, by=by, at=now)
    Session.objects.filter(session_key__in=keys).delete()
    SignIn.objects.filter(session_key__in=keys).delete()
    return len(keys)


def end_at_provider(*, session: str, subject: str, now: datetime) -> int:
    """End what the provider says has ended: one session, or all of a person."""
    mine = SignIn.objects.filter(user__issuer=settings.OIDC_ISSUER)
    mine = mine.filter(provider_session=session) if session else mine.filter(user__subject=subject)
    because = "signed out at the identity provider"
    return end_sign_ins(list(mine.select_related("user")), by=SYSTEM, because=because, now=now)


def open_sign_ins(now: datetime) -> list[SignIn]:
    """Return the sessions that are open, the last seen first."""
    idle = timedelta(seconds=settings.SESSION_COOKIE_AGE)
    found = SignIn.objects.filter(until__gt=now, seen_at__gt=now - idle).select_related("user")
    return list(found.order_by("-seen_at", "-pk"))


def forget_the_ended(now: datetime) -> None:
    """Remove what is over anyway."""
    SignIn.objects.filter(until__lt=now).delete()
    Session.objects.filter(expire_date__lt=now).delete()


def _record(action: str, *, by: Actor, now: datetime, because: str = "") -> None:
    event = Event(
        action=action,
        subject=by.ref,
        result=action.removeprefix("user."),
        detail={"reason": because} if because else {},
    )
    record(event, by=by, at=now)
