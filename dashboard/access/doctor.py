"""The doctor's check of sign-in: is a way configured, and does the identity provider respond?"""

import re
from itertools import chain
from typing import Final

from django.conf import settings

from assignments.audit.entries.sentences import counted
from assignments.tls import advice
from dashboard.access import oidc
from dashboard.access.identities import groups_by_role
from dashboard.access.oidc_errors import ProviderUnavailable, SignInDenied, UntrustedProviderData
from dashboard.access.provider_data import ProviderData, texts_of
from dashboard.access.provider_keys import ALGORITHMS
from dashboard.access.provider_metadata import LEFT_OUT
from dashboard.proxy_settings import ProxySettings

# A comma-separated list cuts "CN=Learning,OU=Groups,DC=example" into pieces such as "OU=Groups".
DISTINGUISHED_NAME_PIECE: Final = re.compile(r"(?:OU|DC)=[^,]*", re.IGNORECASE)


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


def check_site_url() -> tuple[bool, str]:
    """Return whether links in e-mails lead to the site as people reach it, or what to do."""
    if settings.IS_PRODUCTION and not settings.SITE_URL.startswith("https://"):
        return False, (
            f"SITE_URL is {settings.SITE_URL}, but people reach this site by HTTPS only. Set it to "
            "the address of the reverse proxy, as in https://desk.example.com."
        )
    return True, settings.SITE_URL


def check_client_addresses() -> tuple[bool, str]:
    """Return whether clients are told apart by their addresses, or what to do if they are not."""
    count = settings.TRUSTED_PROXIES
    if count:
        proxies = counted(count, "trusted proxy adds", "trusted proxies add")
        return True, (
            f"read from X-Forwarded-For, to which {proxies} them; these must drop headers whose "
            "names have an underscore"
        )
    return not settings.IS_PRODUCTION, (
        "Every client counts as the reverse proxy, in the log and for the limit of failed "
        "sign-ins. Set TRUSTED_PROXIES to the number of proxies that add to X-Forwarded-For."
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
        return _check_metadata(issuer, oidc.provider_metadata())
    except ProviderUnavailable as problem:
        help_text = advice(str(problem)) or "Check OIDC_ISSUER and the network."
        return False, f"{issuer} does not respond well: {problem}. {help_text}"
    except (UntrustedProviderData, SignInDenied) as problem:
        return False, f"{issuer} is no OpenID Connect issuer: {problem}. Check OIDC_ISSUER."


def _check_metadata(issuer: str, metadata: ProviderData) -> tuple[bool, str]:
    algorithms = texts_of(metadata.get("id_token_signing_alg_values_supported", ["RS256"]))
    if not set(algorithms) & set(ALGORITHMS):
        return False, (
            f"{issuer} offers no safe signature algorithm. Let it sign with RS256 or ES256."
        )
    keys, published = oidc.signing_keys()
    if not keys:
        return False, (
            f"{issuer} publishes {published} keys at its jwks_uri and none can verify a signature. "
            "Let it sign with an RSA key of 2048 bits or more, or with an EC key."
        )
    groups = chain.from_iterable(groups_by_role().values())
    pieces = list(filter(DISTINGUISHED_NAME_PIECE.fullmatch, groups))
    if pieces:
        return False, (
            f"OIDC_…_VALUES has {pieces[0]!r}, which looks like a piece of an LDAP name. Write "
            'groups that have commas as a JSON list: ["CN=Learning,OU=Groups,DC=example"].'
        )
    return True, "; ".join([f"{issuer} responds", *_notes(metadata, len(keys), published)])


def _notes(metadata: ProviderData, usable: int, published: int) -> list[str]:
    """Return what works otherwise than somebody may expect."""
    has_refresh_tokens = "offline_access" in oidc.optional_scopes(metadata)
    notes = [
        "sessions are confirmed every 10 minutes "
        + ("by a refresh token" if has_refresh_tokens else "by the browser")
    ]
    if usable < published:
        notes.append(f"{published - usable} of its {published} keys are not used here")
    claims = texts_of(metadata.get("claims_supported"))
    claim = settings.OIDC_ROLE_CLAIM
    if claims and not {claim, claim.partition(".")[0]} & set(claims):
        notes.append(
            f"it does not list the claim {claim}: check OIDC_ROLE_CLAIM if roles are missing"
        )
    notes += [
        f"its {name} is no complete address with https:// and is not used"
        for name in metadata[LEFT_OUT]
    ]
    if "end_session_endpoint" not in metadata:
        notes.append("signing out here leaves people signed in there")
    return notes
