"""Checks of the identity provider's metadata (OpenID Connect Discovery 1.0)."""

from typing import Final
from urllib.parse import urlsplit

from django.conf import settings

from dashboard.access.oidc_errors import UnusableDocument
from dashboard.access.provider_data import ProviderData, text_of, without_nulls
from dashboard.environment import is_loopback

ENDPOINTS: Final = (
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
    "end_session_endpoint",
)


def checked_metadata(metadata: ProviderData) -> ProviderData:
    """Return the metadata without its null members.

    :raises UnusableDocument: if it names another issuer, or an endpoint without TLS
    """
    metadata = without_nulls(metadata)
    if text_of(metadata.get("issuer")).rstrip("/") != settings.OIDC_ISSUER:
        raise UnusableDocument(f"it calls itself {metadata.get('issuer')!r}")
    for name in ENDPOINTS:
        _refuse_cleartext(name, text_of(metadata.get(name, "https:")))
    return metadata


def _refuse_cleartext(name: str, url: str) -> None:
    """Check that an endpoint uses TLS, unless provider and endpoint are on this machine."""
    is_local = is_loopback(settings.OIDC_ISSUER) and is_loopback(url)
    if urlsplit(url).scheme != "https" and not is_local:
        raise UnusableDocument(
            f"The provider's {name} is {url!r}, which does not start with https://"
        )
