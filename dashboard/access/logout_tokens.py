"""Verification of logout tokens (OpenID Connect Back-Channel Logout 1.0 §2.6)."""

import hashlib
import time
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.core.cache import caches
from joserfc import jwt
from joserfc.errors import JoseError

from dashboard.access import oidc
from dashboard.access.id_token_claims import id_in
from dashboard.access.oidc_errors import UntrustedProviderData
from dashboard.access.provider_data import ProviderData

LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
MAX_AGE_SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class EndedSessions:
    """What ended at the provider: the session with this id or, if empty, all of the subject."""

    session: str
    subject: str


def verify_logout_token(token: str) -> EndedSessions:
    """Return which sessions a logout token ends, after verifying it; each token works once.

    :raises UntrustedProviderData: if the token is invalid, too old or was used before
    :raises ProviderUnavailable: if the provider's signing keys cannot be fetched
    """
    claims = oidc.verified_claims(token)
    try:
        _validate(claims)
    except (JoseError, ValueError, TypeError) as error:
        raise UntrustedProviderData(f"{type(error).__name__}: {error}") from error
    ended = EndedSessions(id_in(claims, "sid"), id_in(claims, "sub"))
    events = claims["events"]
    is_complete = (
        isinstance(events, dict)
        and LOGOUT_EVENT in events
        and "nonce" not in claims
        and any((ended.session, ended.subject))
    )
    number = id_in(claims, "jti")
    cache_key = f"logout-token:{hashlib.sha256(number.encode()).hexdigest()}"
    if not (is_complete and number) or not caches["shared"].add(cache_key, 1, MAX_AGE_SECONDS * 2):
        raise UntrustedProviderData("This is no logout token, or it was used before.")
    return ended


def _validate(claims: ProviderData) -> None:
    requirements = jwt.JWTClaimsRegistry(
        int(time.time()),
        oidc.CLOCK_SKEW_SECONDS,
        iss={"essential": True, "value": oidc.provider_metadata()["issuer"]},
        aud={"essential": True, "value": settings.OIDC_CLIENT_ID},
        iat={"essential": True},
        jti={"essential": True},
        events={"essential": True},
    )
    requirements.validate(claims)
    if int(time.time()) - int(claims["iat"]) > MAX_AGE_SECONDS:
        raise ValueError("It is too old.")
