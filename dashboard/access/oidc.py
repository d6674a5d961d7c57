"""The organisation's identity provider over OpenID Connect; Authlib and joserfc do the protocol.

What can go wrong, named for what the caller should do next.

* ProviderAway   it cannot be reached or is not well; try again later
* Denied         it says no for this person
* Untrusted      what it said does not hold; nobody gets in on that
"""

import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
from authlib.integrations.base_client import (
    BaseApp,
    FrameworkIntegration,
    OAuth2Mixin,
    OAuthError,
    OpenIDMixin,
)
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from django.conf import settings
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from dashboard.env import is_loopback

DISCOVERY: Final = "/.well-known/openid-configuration"
# Only signatures that need the provider's private key: never "none", never our shared secret.
ALGORITHMS: Final = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
)
ENDPOINTS: Final = (
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
    "end_session_endpoint",
)
SCOPES: Final = ("openid", "profile", "email")
SCOPES_IF_OFFERED: Final = ("offline_access", "groups")
CLOCK_SKEW_SECONDS: Final = 60
DISCOVERED_FOR_SECONDS: Final = 3600
TIMEOUT_SECONDS: Final = 5


class ProviderAway(Exception):
    """The provider cannot be reached or is not well."""


class Denied(Exception):
    """The provider says no; the text is its code."""


class Untrusted(Exception):
    """What the provider said does not hold."""


@dataclass(frozen=True, slots=True)
class Vouched:
    """What the provider vouches for, and the tokens that confirm it again or end it."""

    claims: Mapping[str, Any]
    tokens: Mapping[str, str]


class Provider(OAuth2Mixin, OpenIDMixin, BaseApp):  # type: ignore[misc]  # Authlib has no types
    """The one provider of this site."""

    client_cls = OAuth2Client
    server_metadata: dict[str, Any]

    def load_server_metadata(self) -> dict[str, Any]:
        """Return what the provider says of itself, asked for again every hour.

        :raises Untrusted: if it speaks for another issuer
        """
        known = self.server_metadata
        if time.time() - known.get("_loaded_at", 0) > DISCOVERED_FOR_SECONDS:
            with self._get_session() as http:
                answer = http.request("GET", settings.OIDC_ISSUER + DISCOVERY, withhold_token=True)
                answer.raise_for_status()
                found = answer.json()
            if found.get("issuer", "").rstrip("/") != settings.OIDC_ISSUER:
                raise Untrusted(f"The provider calls itself {found.get('issuer')!r}.")
            _refuse_open_lines(found)
            offered = found.get("id_token_signing_alg_values_supported", ["RS256"])
            safe = [name for name in offered if name in ALGORITHMS]
            found |= {"_loaded_at": time.time(), "id_token_signing_alg_values_supported": safe}
            self.server_metadata = found
        return dict(self.server_metadata)

    def vouched(self, tokens: Mapping[str, Any], *, nonce: str | None) -> Vouched:
        """Check the ID token and return its claims, completed by the user info if roles lack."""
        issuer = self.load_server_metadata()["issuer"]
        claims = self.parse_id_token(
            tokens,
            nonce=nonce,
            claims_cls=CodeIDToken,
            leeway=CLOCK_SKEW_SECONDS,
            claims_options={
                "iss": {"essential": True, "value": issuer},
                "aud": {"essential": True, "value": self.client_id},
            },
        )
        if claims is None:
            raise Untrusted("The provider sent no ID token.")
        return Vouched(self._completed(dict(claims), tokens), _kept(tokens))

    def _completed(self, claims: dict[str, Any], tokens: Mapping[str, Any]) -> dict[str, Any]:
        if settings.OIDC_ROLE_CLAIM in claims or "userinfo_endpoint" not in self.server_metadata:
            return claims
        more = dict(self.userinfo(token=tokens))
        if more.get("sub") != claims["sub"]:
            raise Untrusted("The user info speaks of somebody else.")
        return more | claims


def _refuse_open_lines(found: Mapping[str, Any]) -> None:
    """Check that what is asked and told next is not in clear, nor at an address inside by http."""
    for name in ENDPOINTS:
        url = str(found.get(name, "https:"))
        is_here = is_loopback(settings.OIDC_ISSUER) and is_loopback(url)
        if urlsplit(url).scheme != "https" and not is_here:
            raise Untrusted(
                f"The provider's {name} is {url!r}, which does not start with https://."
            )


@lru_cache(maxsize=1)
def provider() -> Provider:
    """Return the provider as the settings name it; nothing is asked of it yet."""
    return Provider(
        FrameworkIntegration("sso"),
        "sso",
        client_id=settings.OIDC_CLIENT_ID,
        client_secret=settings.OIDC_CLIENT_SECRET,
        server_metadata_url=settings.OIDC_ISSUER + DISCOVERY,
        client_kwargs={
            "code_challenge_method": "S256",
            "timeout": TIMEOUT_SECONDS,
            # The system's store knows the company's own authority; made once, for it takes long.
            "verify": ssl.create_default_context(),
        },
    )


def begin(*, redirect_uri: str, is_silent: bool) -> dict[str, str]:
    """Return the address to send the person to, with the state, nonce and verifier to keep."""
    with _told_plainly():
        one = provider()
        offered = one.load_server_metadata().get("scopes_supported", [])
        scopes = [*SCOPES, *(scope for scope in SCOPES_IF_OFFERED if scope in offered)]
        prompt = {"prompt": "none"} if is_silent else {}
        found = one.create_authorization_url(redirect_uri, scope=" ".join(scopes), **prompt)
        return {name: str(value) for name, value in found.items()}


def finish(*, code: str, begun: Mapping[str, str], redirect_uri: str) -> Vouched:
    """Change the code into tokens and return what they vouch for."""
    with _told_plainly():
        one = provider()
        tokens = one.fetch_access_token(
            redirect_uri, code=code, code_verifier=begun["code_verifier"]
        )
        return one.vouched(tokens, nonce=begun["nonce"])


def renew(*, refresh_token: str, known: Mapping[str, str], subject: str) -> Vouched:
    """Ask the provider again whether the person may sign in, and in which roles."""
    with _told_plainly():
        one = provider()
        tokens = dict(known) | one.fetch_access_token(
            grant_type="refresh_token", refresh_token=refresh_token
        )
        if tokens.get("id_token") == known.get("id_token"):
            claims = dict(one.userinfo(token=tokens))
            found = Vouched(claims, _kept(tokens))
        else:
            found = one.vouched(tokens, nonce=None)
        if found.claims.get("sub") != subject:
            raise Untrusted("The provider renewed the session of somebody else.")
        return found


def discovered() -> dict[str, Any]:
    """Return what the provider says of itself."""
    with _told_plainly():
        return provider().load_server_metadata()


def keys(*, force: bool) -> KeySet:
    """Return the keys that the provider signs with; `force` asks for them again."""
    with _told_plainly():
        return KeySet.import_key_set(provider().fetch_jwk_set(force=force))


def logout_url(*, id_token: str, back_to: str) -> str:
    """Return where the person's session at the provider ends; nothing if it has no such place."""
    try:
        with _told_plainly():
            metadata = provider().load_server_metadata()
            if "end_session_endpoint" not in metadata:
                return ""
            words = {"post_logout_redirect_uri": back_to, "client_id": settings.OIDC_CLIENT_ID}
            made = provider().create_logout_url(id_token_hint=id_token, **words)
            return str(made["url"])
    except (ProviderAway, Untrusted):
        return ""


def _kept(tokens: Mapping[str, Any]) -> dict[str, str]:
    """Return the tokens that are needed later; the access token is not."""
    return {name: str(tokens[name]) for name in ("id_token", "refresh_token") if name in tokens}


@contextmanager
def _told_plainly() -> Iterator[None]:
    """Turn what the libraries raise into what the caller can act on."""
    try:
        yield
    except OAuthError as error:
        raise Denied(str(error.error)) from error
    except httpx2.HTTPStatusError as error:
        if error.response.is_server_error:
            raise ProviderAway(str(error)) from error
        raise Denied(str(error.response.status_code)) from error
    except httpx2.HTTPError as error:
        raise ProviderAway(str(error)) from error
    except (JoseError, ValueError, KeyError, RuntimeError) as error:
        raise Untrusted(f"{type(error).__name__}: {error}") from error
