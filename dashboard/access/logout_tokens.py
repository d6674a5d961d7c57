"""Reads what the identity provider posts when it ends a session (back-channel logout)."""

import time
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.core.cache import caches
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError

from dashboard.access import oidc

EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
GOOD_FOR_SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class Ended:
    """Which session ended at the provider, or every session of whom."""

    session: str
    subject: str


def read(token: str) -> Ended:
    """Check a logout token as the specification asks, and that it is not used twice.

    :raises Untrusted: if any of it does not hold
    :raises ProviderAway: if the keys to check it with cannot be fetched
    """
    try:
        claims = _verified(token)
    except (JoseError, ValueError, KeyError) as error:
        raise oidc.Untrusted(str(error)) from error
    ended = Ended(str(claims.get("sid", "")), str(claims.get("sub", "")))
    is_whole = (
        EVENT in claims["events"] and "nonce" not in claims and any((ended.session, ended.subject))
    )
    kept = f"logout-token:{claims['jti']}"
    if not is_whole or not caches["shared"].add(kept, 1, GOOD_FOR_SECONDS * 2):
        raise oidc.Untrusted("This is no logout token, or one that was used.")
    return ended


def _verified(token: str) -> dict[str, Any]:
    try:
        claims = jwt.decode(token, oidc.keys(force=False), algorithms=list(oidc.ALGORITHMS)).claims
    except InvalidKeyIdError:
        claims = jwt.decode(token, oidc.keys(force=True), algorithms=list(oidc.ALGORITHMS)).claims
    rules = jwt.JWTClaimsRegistry(
        int(time.time()),
        oidc.CLOCK_SKEW_SECONDS,
        iss={"essential": True, "value": oidc.discovered()["issuer"]},
        aud={"essential": True, "value": settings.OIDC_CLIENT_ID},
        iat={"essential": True},
        jti={"essential": True},
        events={"essential": True},
    )
    rules.validate(claims)
    if int(time.time()) - int(claims["iat"]) > GOOD_FOR_SECONDS:
        raise ValueError("It is too old.")
    return dict(claims)
