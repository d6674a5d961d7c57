"""Checks of the identity provider's metadata (OpenID Connect Discovery 1.0)."""

from typing import Final
from urllib.parse import urlsplit

from django.conf import settings

from assignments.hosts import is_requestable
from dashboard.access.oidc_errors import UnusableDocument
from dashboard.access.provider_data import ProviderData, text_of, without_nulls
from dashboard.environment import is_loopback

REQUIRED_ENDPOINTS: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")
OPTIONAL_ENDPOINTS: Final = ("userinfo_endpoint", "end_session_endpoint")
# The names of optional endpoints that are left out, because their addresses cannot be used.
LEFT_OUT: Final = "_left_out_endpoints"


def checked_metadata(metadata: ProviderData) -> ProviderData:
    """Return the metadata without null members and without optional endpoints that are unusable.

    :raises UnusableDocument: if it names another issuer, or an endpoint that everybody needs
        without TLS
    """
    metadata = without_nulls(metadata)
    if text_of(metadata.get("issuer")).rstrip("/") != settings.OIDC_ISSUER:
        raise UnusableDocument(f"it calls itself {metadata.get('issuer')!r}")
    for name in REQUIRED_ENDPOINTS:
        if not _is_usable(metadata.get(name)):
            raise UnusableDocument(
                f"its {name} is {metadata.get(name)!r}, not a complete address with https://"
            )
    unusable = [
        name for name in OPTIONAL_ENDPOINTS if name in metadata and not _is_usable(metadata[name])
    ]
    usable = {name: value for name, value in metadata.items() if name not in unusable}
    return usable | {LEFT_OUT: unusable}


def _is_usable(url: object) -> bool:
    """Return whether it is a URL with TLS, or provider and endpoint are on this machine."""
    if not isinstance(url, str) or not is_requestable(url):
        return False
    is_local = is_loopback(settings.OIDC_ISSUER) and is_loopback(url)
    return urlsplit(url).scheme in ({"http", "https"} if is_local else {"https"})
