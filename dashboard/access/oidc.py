"""Client of the organisation's OpenID Connect provider; Authlib and joserfc implement the protocol.

The errors that its functions raise are in `oidc_errors`.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from authlib.integrations.base_client import (
    BaseApp,
    FrameworkIntegration,
    OAuth2Mixin,
    OpenIDMixin,
)
from authlib.oidc.core import CodeIDToken
from django.conf import settings
from joserfc import jwt

from assignments.proxies import proxy_to
from assignments.tls import shared_tls_context
from dashboard.access.id_token_claims import role_claim
from dashboard.access.oidc_errors import (
    ClaimsMissing,
    UntrustedProviderData,
    shared_document,
    translated_errors,
)
from dashboard.access.provider_client import BoundedClient
from dashboard.access.provider_data import ProviderData, text_of, texts_of, without_nulls
from dashboard.access.provider_keys import SigningKey, usable_keys, verified_token
from dashboard.access.provider_metadata import checked_metadata
from dashboard.access.provider_responses import checked_token_response, json_object

DISCOVERY_PATH: Final = "/.well-known/openid-configuration"
SCOPES: Final = ("openid", "profile", "email")
SCOPES_IF_OFFERED: Final = ("offline_access", "groups")
CLOCK_SKEW_SECONDS: Final = 60
METADATA_MAX_AGE_SECONDS: Final = 3600
TIMEOUT_SECONDS: Final = 5


@dataclass(frozen=True, slots=True)
class VerifiedTokens:
    """Verified claims, with the tokens that renew the session or end it at the provider."""

    id_token_claims: ProviderData
    tokens: Mapping[str, str]


class Provider(OAuth2Mixin, OpenIDMixin, BaseApp):  # type: ignore[misc]  # Authlib has no types
    """The provider that the settings name."""

    client_cls = BoundedClient
    server_metadata: ProviderData

    def load_server_metadata(self) -> ProviderData:
        """Return the provider's metadata (OpenID Connect Discovery 1.0), cached for an hour.

        :raises UntrustedProviderData: if it names another issuer, or an endpoint without TLS
        """
        if time.time() - self.server_metadata.get("_loaded_at", 0) > METADATA_MAX_AGE_SECONDS:
            url = settings.OIDC_ISSUER + DISCOVERY_PATH
            with shared_document(), self._get_session() as http:
                response = http.request("GET", url, withhold_token=True)
                response.raise_for_status()
                metadata = checked_metadata(response.json())
            self.server_metadata = metadata | {"_loaded_at": time.time()}
        return dict(self.server_metadata)

    def fetch_jwk_set(self, force: bool = False) -> ProviderData:
        """Return the provider's key set, cached with the metadata; `force` fetches it again."""
        with shared_document():
            return dict(super().fetch_jwk_set(force))

    def verify(self, tokens: Mapping[str, object], *, nonce: str | None) -> VerifiedTokens:
        """Verify the ID token and return its claims.

        Claims of the userinfo endpoint are added if the ID token has no role claim.
        """
        id_token = self.verified(tokens.get("id_token"))
        id_token_claims = CodeIDToken(
            id_token.claims,
            id_token.header,
            {
                "iss": {"essential": True, "value": self.load_server_metadata()["issuer"]},
                "aud": {"essential": True, "value": self.client_id},
            },
            {"nonce": nonce, "client_id": self.client_id},
        )
        id_token_claims.validate(leeway=CLOCK_SKEW_SECONDS)
        all_claims = self._with_user_info(dict(id_token_claims), tokens)
        return VerifiedTokens(all_claims, _tokens_to_keep(tokens))

    def userinfo(self, **request: object) -> ProviderData:
        """Fetch the claims of the userinfo endpoint, and verify them if they are signed."""
        response = self.get(self.load_server_metadata()["userinfo_endpoint"], **request)
        response.raise_for_status()
        content_type = response.headers.get("Content-Type", "").lower()
        if not content_type.startswith("application/jwt"):
            return json_object(response, "sub")
        claims = self.verified(response.text.strip()).claims
        # OpenID Connect Core 1.0 §5.3.2: signed claims should have both.
        requirements = jwt.JWTClaimsRegistry(
            leeway=CLOCK_SKEW_SECONDS,
            iss={"essential": False, "value": self.load_server_metadata()["issuer"]},
            aud={"essential": False, "value": self.client_id},
        )
        requirements.validate(claims)
        return claims

    def verified(self, token: object) -> jwt.Token:
        """Return a token whose signature one of the provider's keys verifies."""
        return verified_token(str(token), lambda refetch: self.fetch_jwk_set(force=refetch))

    def _with_user_info(
        self, id_token_claims: ProviderData, tokens: Mapping[str, object]
    ) -> ProviderData:
        has_roles = role_claim(id_token_claims) is not None
        if has_roles or "userinfo_endpoint" not in self.server_metadata:
            return id_token_claims
        user_info = self.userinfo(token=tokens)
        if user_info.get("sub") != id_token_claims["sub"]:
            raise UntrustedProviderData("The user info is about another person.")
        return user_info | without_nulls(id_token_claims)


@lru_cache(maxsize=1)
def provider() -> Provider:
    """Return the client for the provider of the settings; sends no request yet."""
    return Provider(
        FrameworkIntegration("sso"),
        "sso",
        client_id=settings.OIDC_CLIENT_ID,
        client_secret=settings.OIDC_CLIENT_SECRET,
        server_metadata_url=settings.OIDC_ISSUER + DISCOVERY_PATH,
        compliance_fix=lambda session: session.register_compliance_hook(
            "access_token_response", checked_token_response
        ),
        client_kwargs={
            "code_challenge_method": "S256",
            "timeout": TIMEOUT_SECONDS,
            "verify": shared_tls_context(),
            "trust_env": False,
            # A small compressed response could have any size.
            "headers": {"Accept-Encoding": "identity"},
            "proxy": proxy_to(settings.OIDC_ISSUER),
        },
    )


def authorization_request(*, redirect_uri: str, is_silent: bool) -> dict[str, str]:
    """Return the `url` to send the browser to, and the state, nonce and code_verifier to keep.

    :param is_silent: the provider must respond without interaction (`prompt=none`)
    """
    with translated_errors():
        client = provider()
        scopes = [*SCOPES, *optional_scopes(client.load_server_metadata())]
        prompt = {"prompt": "none"} if is_silent else {}
        parameters = client.create_authorization_url(redirect_uri, scope=" ".join(scopes), **prompt)
        return {name: str(value) for name, value in parameters.items()}


def optional_scopes(metadata: ProviderData) -> list[str]:
    """Return which further scopes to ask for: those that the provider offers."""
    offered = texts_of(metadata.get("scopes_supported"))
    wanted = SCOPES_IF_OFFERED if settings.OIDC_OFFLINE_ACCESS else ("groups",)
    return [scope for scope in wanted if scope in offered]


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


def refresh(
    *, tokens: Mapping[str, str], subject: str, keep: Callable[[Mapping[str, str]], None]
) -> VerifiedTokens:
    """Use the refresh token to learn whether the person may still sign in, and with which claims.

    :param tokens: those kept for the session, a `refresh_token` among them
    :param subject: whom the new claims must be about
    :param keep: stores the tokens with a new refresh token before anything else can fail: the old
        one may work once only
    :raises ClaimsMissing: if neither an ID token nor the user info comes with the groups
    """
    with translated_errors():
        client = provider()
        response = client.fetch_access_token(
            grant_type="refresh_token", refresh_token=tokens["refresh_token"]
        )
        new_tokens = dict(tokens) | {name: value for name, value in response.items() if value}
        if new_tokens["refresh_token"] != tokens["refresh_token"]:
            keep(dict(tokens) | {"refresh_token": text_of(new_tokens["refresh_token"])})
        has_user_info_only = new_tokens.get("id_token") == tokens.get("id_token")
        if has_user_info_only:
            if "userinfo_endpoint" not in client.load_server_metadata():
                raise ClaimsMissing
            user_info = client.userinfo(token=new_tokens)
            verified = VerifiedTokens(user_info, _tokens_to_keep(new_tokens))
        else:
            verified = client.verify(new_tokens, nonce=None)
        if verified.id_token_claims.get("sub") != subject:
            raise UntrustedProviderData("The provider renewed the session of another person.")
        if has_user_info_only and role_claim(verified.id_token_claims) is None:
            raise ClaimsMissing
        return verified


def provider_metadata() -> ProviderData:
    """Return the provider's metadata (OpenID Connect Discovery 1.0)."""
    with translated_errors():
        return provider().load_server_metadata()


def verified_claims(token: str) -> ProviderData:
    """Return the claims of a token that the provider signed; only the signature is verified."""
    with translated_errors():
        return provider().verified(token).claims


def signing_keys() -> tuple[list[SigningKey], int]:
    """Return the provider's keys that can verify signatures, and how many it publishes."""
    with translated_errors():
        jwk_set = provider().fetch_jwk_set(force=True)
        return usable_keys(jwk_set), len(jwk_set.get("keys") or ())


def _tokens_to_keep(tokens: Mapping[str, object]) -> dict[str, str]:
    """Return the tokens that are needed later, which the access token is not."""
    texts = {name: text_of(tokens.get(name)) for name in ("id_token", "refresh_token")}
    return {name: text for name, text in texts.items() if text}
