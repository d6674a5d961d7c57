"""Signing in and out, and ending sessions; each in one transaction with its audit entry."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.contrib.auth import login, logout
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from assignments.audit.entries.actors import SYSTEM, Actor, Person
from assignments.audit.log import Event, record
from assignments.views.request_context import acting
from dashboard.access.id_token_claims import id_in
from dashboard.access.models import SignIn, User
from dashboard.access.oidc import VerifiedTokens
from dashboard.access.provider_sessions import remember_ended
from dashboard.access.token_encryption import decrypt_tokens, encrypt_tokens

# Key in the session of what the session policy checks at every request; times in POSIX seconds.
SIGN_IN_FACTS: Final = "sign_in"


@transaction.atomic
def sign_in(
    request: HttpRequest,
    user: User,
    verified: VerifiedTokens | None = None,
    *,
    is_by_proxy: bool = False,
) -> None:
    """Start a new session for the user, under a new key; end the one that the browser has.

    :param verified: the tokens of the identity provider, if it signed the person in
    :param is_by_proxy: the session lasts only while the reverse proxy names the same person
    """
    now = timezone.now()
    previous_key = request.session.session_key
    _end_previous(request, now)
    delete_expired(now)
    login(request, user, backend="dashboard.access.backend.SessionBackend")
    if request.session.session_key == previous_key:
        # Django keeps the key if the same person is signed in already.
        request.session.cycle_key()
    expires_at = now + timedelta(hours=settings.SESSION_HOURS)
    request.session[SIGN_IN_FACTS] = {
        "expires": expires_at.timestamp(),
        "last_seen": now.timestamp(),
        "confirmed": now.timestamp() if verified else None,
        "is_by_proxy": is_by_proxy,
    }
    request.session.save()
    SignIn.objects.create(
        session_key=request.session.session_key or "",
        user=user,
        started_at=now,
        last_seen_at=now,
        expires_at=expires_at,
        address=request.META.get("REMOTE_ADDR") or None,
        browser=request.headers.get("User-Agent", "")[:200],
        confirmed_at=now if verified else None,
        provider_session=id_in(verified.id_token_claims, "sid") if verified else "",
        tokens=encrypt_tokens(verified.tokens) if verified else "",
    )
    _record("user.signed_in", by=acting(request), now=now)


@transaction.atomic
def sign_out(request: HttpRequest, *, reason: str = "") -> str:
    """End the session of the request and return its ID token; empty if there is none."""
    signed_in = SignIn.objects.filter(session_key=request.session.session_key or "").first()
    _record("user.signed_out", by=acting(request), now=timezone.now(), reason=reason)
    logout(request)
    if signed_in is None:
        return ""
    signed_in.delete()
    remember_ended([signed_in])
    return decrypt_tokens(signed_in.tokens).get("id_token", "") if signed_in.tokens else ""


@transaction.atomic
def end_sessions(sign_ins: Sequence[SignIn], *, by: Actor, reason: str, now: datetime) -> int:
    """End sessions, with an audit entry for each that is still open, and return how many."""
    still_open = SignIn.objects.select_for_update(of=("self",)).select_related("user")
    locked = list(still_open.filter(pk__in=[sign_in.pk for sign_in in sign_ins]).order_by("pk"))
    keys = [sign_in.session_key for sign_in in locked]
    for sign_in in locked:
        event = Event(
            action="session.ended",
            subject=f"user/{sign_in.user_id}",
            result="ended",
            people=(Person(ref=f"user/{sign_in.user_id}", name=sign_in.user.name),),
            detail={"reason": reason},
        )
        record(event, by=by, at=now)
    Session.objects.filter(session_key__in=keys).delete()
    SignIn.objects.filter(session_key__in=keys).delete()
    remember_ended(locked)
    return len(keys)


def open_sessions(now: datetime) -> list[SignIn]:
    """Return the sessions that are not expired or idle for too long, the last seen first."""
    idle_since = now - timedelta(seconds=settings.SESSION_COOKIE_AGE)
    sign_ins = SignIn.objects.filter(expires_at__gt=now, last_seen_at__gt=idle_since)
    return list(sign_ins.select_related("user").order_by("-last_seen_at", "-pk"))


def delete_expired(now: datetime) -> None:
    """Delete the rows of expired sessions."""
    expired = SignIn.objects.filter(expires_at__lt=now)
    remember_ended(expired)
    expired.delete()
    Session.objects.filter(expire_date__lt=now).delete()


def _end_previous(request: HttpRequest, now: datetime) -> None:
    """End the session in which the browser is signed in already, as after the back button."""
    by = acting(request) if request.user.is_authenticated else SYSTEM
    previous = SignIn.objects.filter(session_key=request.session.session_key or "")
    end_sessions(list(previous), by=by, reason="signed in again in the same browser", now=now)


def _record(action: str, *, by: Actor, now: datetime, reason: str = "") -> None:
    event = Event(
        action=action,
        subject=by.ref,
        result=action.removeprefix("user."),
        detail={"reason": reason} if reason else {},
    )
    record(event, by=by, at=now)
