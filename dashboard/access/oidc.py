"""Client of the organisation's OpenID Connect provider; Authlib and joserfc implement the protocol.

The errors that its functions raise are in `oidc_errors`.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

from authlib.integrations.base_client import (
    BaseApp,
    FrameworkIntegration,
    OAuth2Mixin,
    OpenIDMixin,
)
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from django.conf import settings
from joserfc.jwk import KeySet

from assignments.tls import tls_context
from dashboard.access.oidc_errors import (
    ProviderUnavailable,
    UntrustedProviderData,
    translated_errors,
)
from dashboard.environment import is_loopback

DISCOVERY_PATH: Final = "/.well-known/openid-configuration"
# Signatures with a private key only: neither "none" nor HMAC with the client secret.
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
METADATA_MAX_AGE_SECONDS: Final = 3600
TIMEOUT_SECONDS: Final = 5


# JSON from the provider: claims or metadata. Readers check the types that they rely on.
type ProviderData = dict[str, Any]


@dataclass(frozen=True, slots=True)
class VerifiedTokens:
    """Verified claims, with the tokens that renew the session or end it at the provider."""

    id_token_claims: ProviderData
    tokens: Mapping[str, str]


class Provider(OAuth2Mixin, OpenIDMixin, BaseApp):  # type: ignore[misc]  # Authlib has no types
    """The provider that the settings name."""

    client_cls = OAuth2Client
    server_metadata: ProviderData

    def load_server_metadata(self) -> ProviderData:
        """Return the provider's metadata (OpenID Connect Discovery 1.0), cached for an hour.

        :raises UntrustedProviderData: if it names another issuer, or an endpoint without TLS
        """
        if time.time() - self.server_metadata.get("_loaded_at", 0) > METADATA_MAX_AGE_SECONDS:
            url = settings.OIDC_ISSUER + DISCOVERY_PATH
            with self._get_session() as http:
                response = http.request("GET", url, withhold_token=True)
                response.raise_for_status()
                metadata = response.json()
            if metadata.get("issuer", "").rstrip("/") != settings.OIDC_ISSUER:
                raise UntrustedProviderData(
                    f"The provider calls itself {metadata.get('issuer')!r}."
                )
            _refuse_cleartext_endpoints(metadata)
            offered = metadata.get("id_token_signing_alg_values_supported", ["RS256"])
            safe = [name for name in offered if name in ALGORITHMS]
            metadata |= {"_loaded_at": time.time(), "id_token_signing_alg_values_supported": safe}
            self.server_metadata = metadata
        return dict(self.server_metadata)

    def verify(self, tokens: Mapping[str, object], *, nonce: str | None) -> VerifiedTokens:
        """Verify the ID token and return its claims.

        Claims of the userinfo endpoint are added if the ID token has no role claim.
        """
        issuer = self.load_server_metadata()["issuer"]
        id_token_claims = self.parse_id_token(
            tokens,
            nonce=nonce,
            claims_cls=CodeIDToken,
            leeway=CLOCK_SKEW_SECONDS,
            claims_options={
                "iss": {"essential": True, "value": issuer},
                "aud": {"essential": True, "value": self.client_id},
            },
        )
        if id_token_claims is None:
            raise UntrustedProviderData("The provider sent no ID token.")
        all_claims = self._with_user_info(dict(id_token_claims), tokens)
        return VerifiedTokens(all_claims, _tokens_to_keep(tokens))

    def _with_user_info(
        self, id_token_claims: ProviderData, tokens: Mapping[str, object]
    ) -> ProviderData:
        has_roles = settings.OIDC_ROLE_CLAIM in id_token_claims
        if has_roles or "userinfo_endpoint" not in self.server_metadata:
            return id_token_claims
        user_info = dict(self.userinfo(token=tokens))
        if user_info.get("sub") != id_token_claims["sub"]:
            raise UntrustedProviderData("The user info is about another person.")
        return user_info | id_token_claims


def _refuse_cleartext_endpoints(metadata: ProviderData) -> None:
    """Check that every endpoint uses TLS, unless provider and endpoint are on this machine."""
    for name in ENDPOINTS:
        url = str(metadata.get(name, "https:"))
        is_local = is_loopback(settings.OIDC_ISSUER) and is_loopback(url)
        if urlsplit(url).scheme != "https" and not is_local:
            raise UntrustedProviderData(
                f"The provider's {name} is {url!r}, which does not start with https://."
            )


@lru_cache(maxsize=1)
def provider() -> Provider:
    """Return the client for the provider of the settings; sends no request yet."""
    return Provider(
        FrameworkIntegration("sso"),
        "sso",
        client_id=settings.OIDC_CLIENT_ID,
        client_secret=settings.OIDC_CLIENT_SECRET,
        server_metadata_url=settings.OIDC_ISSUER + DISCOVERY_PATH,
        client_kwargs={
            "code_challenge_method": "S256",
            "timeout": TIMEOUT_SECONDS,
            # The system's store may hold the company's own CA. Loading it is slow: once only.
            "verify": tls_context(),
        },
    )


def authorization_request(*, redirect_uri: str, is_silent: bool) -> dict[str, str]:
    """Return the `url` to send the browser to, and the state, nonce and code_verifier to keep.

    :param is_silent: the provider must respond without interaction (`prompt=none`)
    """
    with translated_errors():
        client = provider()
        offered = client.load_server_metadata().get("scopes_supported", [])
        scopes = [*SCOPES, *(scope for scope in SCOPES_IF_OFFERED if scope in offered)]
        prompt = {"prompt": "none"} if is_silent else {}
        parameters = client.create_authorization_url(redirect_uri, scope=" ".join(scopes), **prompt)
        return {name: str(value) for name, value in parameters.items()}


def exchange_code(*, code: str, started: Mapping[str, str], redirect_uri: str) -> VerifiedTokens:
    """Exchange an authorization code for tokens and verify them.

    :param started: what `authorization_request` returned for this sign-in
    """
    with translated_errors():
        client = provider()
        tokens = client.fetch_access_token(
            redirect_uri, code=code, code_verifier=started["code_verifier"]
        )
        return client.verify(tokens, nonce=started["nonce"])


def refresh(*, tokens: Mapping[str, str], subject: str) -> VerifiedTokens:
    """Use the refresh token to learn whether the person may still sign in, and with which claims.

    :param tokens: those kept for the session, a `refresh_token` among them
    :param subject: whom the new claims must be about
    """
    with translated_errors():
        client = provider()
        new_tokens = dict(tokens) | client.fetch_access_token(
            grant_type="refresh_token", refresh_token=tokens["refresh_token"]
        )
        if new_tokens.get("id_token") == tokens.get("id_token"):
            user_info = dict(client.userinfo(token=new_tokens))
            verified = VerifiedTokens(user_info, _tokens_to_keep(new_tokens))
        else:
            verified = client.verify(new_tokens, nonce=None)
        if verified.id_token_claims.get("sub") != subject:
            raise UntrustedProviderData("The provider renewed the session of another person.")
        return verified


def provider_metadata() -> ProviderData:
    """Return the provider's metadata (OpenID Connect Discovery 1.0)."""
    with translated_errors():
        return provider().load_server_metadata()


def signing_keys(*, refetch: bool) -> KeySet:
    """Return the provider's public keys; `refetch` ignores the cached ones."""
    with translated_errors():
        return KeySet.import_key_set(provider().fetch_jwk_set(force=refetch))


def logout_url(*, id_token: str, return_url: str) -> str:
    """Return the URL that ends the session at the provider; empty if it offers none."""
    try:
        with translated_errors():
            metadata = provider().load_server_metadata()
            if "end_session_endpoint" not in metadata:
                return ""
            logout_request = provider().create_logout_url(
                id_token_hint=id_token,
                post_logout_redirect_uri=return_url,
                client_id=settings.OIDC_CLIENT_ID,
            )
            return str(logout_request["url"])
    except (ProviderUnavailable, UntrustedProviderData):
        return ""


def _tokens_to_keep(tokens: Mapping[str, object]) -> dict[str, str]:
    """Return the tokens that are needed later, which the access token is not."""
    return {name: str(tokens[name]) for name in ("id_token", "refresh_token") if name in tokens}
