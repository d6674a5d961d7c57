"""The doctor's check of sign-in: is a way configured, and does the identity provider respond?"""

from django.conf import settings

from dashboard.access import oidc
from dashboard.access.oidc_errors import ProviderUnavailable, SignInDenied, UntrustedProviderData
from dashboard.proxy_settings import ProxySettings


def check_sign_in() -> tuple[bool, str]:
    """Return whether people can sign in, and how, or what to do if they cannot."""
    if settings.DESK_DEMO:
        return True, "demo personas (DESK_DEMO is set)"
    proxy = settings.PROXY_SETTINGS
    if settings.OIDC_ISSUER:
        is_ready, message = _check_provider()
        return is_ready, f"{message}; also {_proxy_message(proxy)}" if proxy else message
    if proxy:
        return True, _proxy_message(proxy)
    return False, (
        "Nobody can sign in. Set OIDC_ISSUER or PROXY_SECRET, or DESK_DEMO=1 to try the product."
    )


def _proxy_message(proxy: ProxySettings) -> str:
    headers = ", ".join(proxy.headers.values())
    return (
        f"the reverse proxy names people for {proxy.issuer} in {headers}; it must set all "
        "five itself and drop what a browser sends under these names"
    )


def _check_provider() -> tuple[bool, str]:
    issuer = settings.OIDC_ISSUER
    try:
        metadata = oidc.provider_metadata()
    except ProviderUnavailable as problem:
        return False, f"{issuer} does not respond: {problem}. Check OIDC_ISSUER and the network."
    except (UntrustedProviderData, SignInDenied) as problem:
        return False, f"{issuer} is no OpenID Connect issuer: {problem}. Check OIDC_ISSUER."
    if not metadata.get("id_token_signing_alg_values_supported"):
        return False, (
            f"{issuer} offers no safe signature algorithm. Let it sign with RS256 or ES256."
        )
    has_refresh_tokens = "offline_access" in metadata.get("scopes_supported", [])
    means = "by a refresh token" if has_refresh_tokens else "by the browser"
    return True, f"{issuer} responds; sessions are confirmed every 10 minutes {means}"
