"""The doctor's question about signing in: is there a way in, and does the provider answer?"""

from django.conf import settings

from dashboard.access import oidc
from dashboard.proxy_settings import Gateway


def sign_in() -> tuple[bool, str]:
    """Return whether people can sign in, and by what or what to do."""
    if settings.DESK_DEMO:
        return True, "demo personas (DESK_DEMO is set)"
    if settings.OIDC_ISSUER:
        is_well, said = _provider()
        return is_well, f"{said}; also {_told(settings.GATEWAY)}" if settings.GATEWAY else said
    if settings.GATEWAY:
        return True, _told(settings.GATEWAY)
    return False, (
        "Nobody can sign in. Set OIDC_ISSUER or PROXY_SECRET, or DESK_DEMO=1 to try the product."
    )


def _told(gateway: Gateway) -> str:
    told = ", ".join(gateway.headers.values())
    return (
        f"the reverse proxy names people for {gateway.issuer} in {told}; it must set all "
        "five itself and drop what a browser sends under these names"
    )


def _provider() -> tuple[bool, str]:
    issuer = settings.OIDC_ISSUER
    try:
        found = oidc.discovered()
    except oidc.ProviderAway as problem:
        return False, f"{issuer} does not answer: {problem}. Check OIDC_ISSUER and the network."
    except (oidc.Untrusted, oidc.Denied) as problem:
        return False, f"{issuer} is no OpenID Connect issuer: {problem}. Check OIDC_ISSUER."
    if not found.get("id_token_signing_alg_values_supported"):
        return False, f"{issuer} signs with nothing that is safe. Let it sign with RS256 or ES256."
    is_silent = "offline_access" in found.get("scopes_supported", [])
    how = "by a refresh token" if is_silent else "by the browser"
    return True, f"{issuer} answers; sessions are confirmed every 10 minutes {how}"
