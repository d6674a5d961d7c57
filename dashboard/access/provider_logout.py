"""Signing out at the identity provider (OpenID Connect RP-Initiated Logout 1.0)."""

from typing import Final

from django.conf import settings

from dashboard.access import oidc
from dashboard.access.oidc_errors import (
    ProviderUnavailable,
    SignInDenied,
    UntrustedProviderData,
    translated_errors,
)

# Proxies and providers refuse longer addresses; an ID token with many groups has several thousand.
MAX_URL_LENGTH: Final = 2000


def logout_url(*, id_token: str, return_url: str) -> str:
    """Return the URL that ends the session at the provider; empty if there is none to use.

    If the URL is too long, the ID token is left out of it: the provider asks the person instead.
    """
    try:
        with translated_errors():
            metadata = oidc.provider().load_server_metadata()
            if "end_session_endpoint" not in metadata:
                return ""
            urls = (_logout_url(return_url, id_token_hint=id_token), _logout_url(return_url))
            return next((url for url in urls if len(url) <= MAX_URL_LENGTH), "")
    except (ProviderUnavailable, SignInDenied, UntrustedProviderData):
        return ""


def _logout_url(return_url: str, **hint: str) -> str:
    request = oidc.provider().create_logout_url(
        post_logout_redirect_uri=return_url, client_id=settings.OIDC_CLIENT_ID, **hint
    )
    return str(request["url"])
