"""Verification of logout tokens (OpenID Connect Back-Channel Logout 1.0 §2.6)."""

import time
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.core.cache import caches
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError

from dashboard.access import oidc
from dashboard.access.oidc_errors import UntrustedProviderData

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
    try:
        claims = _verified_claims(token)
    except (JoseError, ValueError, KeyError) as error:
        raise UntrustedProviderData(str(error)) from error
    ended = EndedSessions(str(claims.get("sid", "")), str(claims.get("sub", "")))
    is_complete = (
        LOGOUT_EVENT in claims["events"]
        and "nonce" not in claims
        and any((ended.session, ended.subject))
    )
    cache_key = f"logout-token:{claims['jti']}"
    if not is_complete or not caches["shared"].add(cache_key, 1, MAX_AGE_SECONDS * 2):
        raise UntrustedProviderData("This is no logout token, or it was used before.")
    return ended


def _verified_claims(token: str) -> oidc.ProviderData:
    try:
        claims = _decode(token, refetch_keys=False)
    except InvalidKeyIdError:
        claims = _decode(token, refetch_keys=True)
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
    return claims


def _decode(token: str, *, refetch_keys: bool) -> oidc.ProviderData:
    keys = oidc.signing_keys(refetch=refetch_keys)
    return dict(jwt.decode(token, keys, algorithms=list(oidc.ALGORITHMS)).claims)
