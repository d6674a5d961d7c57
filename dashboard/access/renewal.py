"""Renewal of sessions: the identity provider confirms them every few minutes, so that people who
leave the organisation lose their access soon.
"""

import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import Enum
from functools import partial
from typing import Final

from django.db.models import Q
from django.http import HttpRequest

from assignments.views.request_context import acting
from dashboard.access import oidc, sessions
from dashboard.access.id_token_claims import id_in, identity_from_claims
from dashboard.access.models import SignIn, User
from dashboard.access.oidc_errors import (
    ClaimsMissing,
    ProviderUnavailable,
    SignInDenied,
    UntrustedProviderData,
    UnusableDocument,
)
from dashboard.access.provisioning import provision_user
from dashboard.access.token_encryption import decrypt_tokens, encrypt_tokens

RENEW_AFTER: Final = timedelta(minutes=10)
# Until then a session stays usable while the provider cannot be reached.
MAX_UNCONFIRMED: Final = timedelta(minutes=15)
# An outage may last: pages must not wait for the provider's time-out each time.
RETRY_AFTER: Final = timedelta(minutes=1)
LEASE: Final = timedelta(seconds=12)
POLL_SECONDS: Final = 0.2


class Renewal(Enum):
    """Outcome of renewing a session: whether the request may be served."""

    CONFIRMED = "confirmed"
    NEEDS_BROWSER = "only the browser can ask the provider"
    PROVIDER_DOWN = "the provider has been unavailable for too long"
    ENDED = "the session has ended"


def renew_session(request: HttpRequest, *, now: datetime) -> Renewal:
    """Have the provider confirm the session; concurrent requests wait for one that asks it."""
    sign_in = SignIn.objects.filter(session_key=request.session.session_key).first()
    if sign_in is None or sign_in.confirmed_at is None:
        return Renewal.ENDED
    if now - sign_in.confirmed_at < RENEW_AFTER:
        return _store_confirmation(request, sign_in.confirmed_at)
    tokens = decrypt_tokens(sign_in.tokens)
    if "refresh_token" not in tokens:
        return Renewal.NEEDS_BROWSER
    return _renew_once(request, sign_in, tokens, now)


def confirm_session(
    request: HttpRequest, sign_in: SignIn, verified: oidc.VerifiedTokens, *, now: datetime
) -> Renewal:
    """Update the user from the new claims and extend the session, or end it."""
    identity = identity_from_claims(verified.id_token_claims)
    user = provision_user(identity, by=acting(request), now=now)
    if not isinstance(user, User):
        sessions.sign_out(request, reason=user.reason)
        return Renewal.ENDED
    request.user = user
    tokens = decrypt_tokens(sign_in.tokens) | dict(verified.tokens)
    SignIn.objects.filter(pk=sign_in.pk).update(
        confirmed_at=now,
        renewal_lease_until=None,
        tokens=encrypt_tokens(tokens),
        provider_session=id_in(verified.id_token_claims, "sid") or sign_in.provider_session,
    )
    return _store_confirmation(request, now)


def postpone_renewal(request: HttpRequest, *, now: datetime) -> bool:
    """Return whether the session may be used although the provider is away; ask again later."""
    facts = request.session.get(sessions.SIGN_IN_FACTS, {})
    limit = (facts.get("confirmed") or 0) + MAX_UNCONFIRMED.total_seconds()
    if now.timestamp() >= limit:
        return False
    retry_at = min(limit, now.timestamp() + RETRY_AFTER.total_seconds())
    request.session[sessions.SIGN_IN_FACTS] = facts | {"renewal_retry_at": retry_at}
    return True


def is_due(facts: Mapping[str, float], now: datetime) -> bool:
    """Return whether the provider has to confirm the session now, by the facts of its sign-in."""
    if not facts["confirmed"] or now.timestamp() < facts.get("renewal_retry_at", 0):
        return False
    return now.timestamp() - facts["confirmed"] >= RENEW_AFTER.total_seconds()


def _renew_once(
    request: HttpRequest, sign_in: SignIn, tokens: dict[str, str], now: datetime
) -> Renewal:
    """Ask the provider if this request gets the lease; others are served, or wait at the limit."""
    is_free = Q(renewal_lease_until=None) | Q(renewal_lease_until__lt=now)
    unchanged = SignIn.objects.filter(is_free, pk=sign_in.pk, confirmed_at=sign_in.confirmed_at)
    if unchanged.update(renewal_lease_until=now + LEASE):
        return _ask_provider(request, sign_in, tokens, now)
    return Renewal.CONFIRMED if _is_recent(sign_in, now) else _wait_for_other(request, sign_in)


def _is_recent(sign_in: SignIn, now: datetime) -> bool:
    return sign_in.confirmed_at is not None and now - sign_in.confirmed_at < MAX_UNCONFIRMED


def _ask_provider(
    request: HttpRequest, sign_in: SignIn, tokens: dict[str, str], now: datetime
) -> Renewal:
    try:
        verified = oidc.refresh(
            tokens=tokens,
            subject=sign_in.user.subject,
            keep=partial(_store_tokens, sign_in),
        )
        return confirm_session(request, sign_in, verified, now=now)
    except ClaimsMissing:
        # Without it, the next request goes to the browser's renewal and does not ask again.
        _store_tokens(sign_in, {name: tokens[name] for name in tokens if name != "refresh_token"})
        return Renewal.NEEDS_BROWSER
    except (ProviderUnavailable, UnusableDocument):
        SignIn.objects.filter(pk=sign_in.pk).update(renewal_lease_until=None)
        return Renewal.CONFIRMED if postpone_renewal(request, now=now) else Renewal.PROVIDER_DOWN
    except (SignInDenied, UntrustedProviderData):
        sessions.sign_out(request, reason="the identity provider did not confirm the session")
        return Renewal.ENDED


def _store_tokens(sign_in: SignIn, tokens: Mapping[str, str]) -> None:
    SignIn.objects.filter(pk=sign_in.pk).update(tokens=encrypt_tokens(tokens))


def _wait_for_other(request: HttpRequest, sign_in: SignIn) -> Renewal:
    """Wait until the request that holds the lease has the provider's response."""
    for _ in range(int(LEASE.total_seconds() / POLL_SECONDS)):
        current = SignIn.objects.filter(pk=sign_in.pk).first()
        if current is None or current.confirmed_at is None:
            return Renewal.ENDED
        if current.confirmed_at != sign_in.confirmed_at:
            return _store_confirmation(request, current.confirmed_at)
        if current.renewal_lease_until is None:
            break
        time.sleep(POLL_SECONDS)
    return Renewal.PROVIDER_DOWN


def _store_confirmation(request: HttpRequest, confirmed_at: datetime) -> Renewal:
    facts = request.session[sessions.SIGN_IN_FACTS]
    request.session[sessions.SIGN_IN_FACTS] = facts | {"confirmed": confirmed_at.timestamp()}
    return Renewal.CONFIRMED
