"""Settings of proxy sign-in: a reverse proxy that names the person in request headers."""

import re
from dataclasses import dataclass, field

from django.core.exceptions import ImproperlyConfigured

from dashboard import sign_in_settings
from dashboard.environment import Environment
from dashboard.settings_catalogue import SETTINGS

MIN_SECRET_LENGTH = 32
OPTIONAL_NAMES = (
    "PROXY_ISSUER",
    "PROXY_BESIDE_OIDC",
    "PROXY_SECRET_HEADER",
    "PROXY_SUBJECT_HEADER",
    "PROXY_NAME_HEADER",
    "PROXY_EMAIL_HEADER",
    "PROXY_GROUPS_HEADER",
)
# Letters and digits only: WSGI cannot distinguish X-Subject from X_Subject.
HEADER_NAME = re.compile(r"[A-Za-z0-9]{1,60}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxySettings:
    """The proxy's shared secret, the issuer of its identities, and its headers by field."""

    secret: str = field(repr=False)
    issuer: str
    headers: dict[str, str]


def proxy_settings(env: Environment, *, demo: bool) -> ProxySettings | None:
    """Return the settings of proxy sign-in; None if PROXY_SECRET is not set.

    :raises ImproperlyConfigured: with the one thing to change
    """
    secret = str(env.str("PROXY_SECRET"))
    issuer = str(env.str("PROXY_ISSUER"))
    headers = {
        "secret": _header(env, "PROXY_SECRET_HEADER"),
        "subject": _header(env, "PROXY_SUBJECT_HEADER"),
        "name": _header(env, "PROXY_NAME_HEADER"),
        "email": _header(env, "PROXY_EMAIL_HEADER"),
        "groups": _header(env, "PROXY_GROUPS_HEADER"),
    }
    if not secret:
        _refuse_incomplete(env)
        return None
    _refuse_contradiction(env, demo=demo)
    if len(secret) < MIN_SECRET_LENGTH:
        raise ImproperlyConfigured(
            f"PROXY_SECRET has fewer than {MIN_SECRET_LENGTH} characters. Set it to as many random "
            "ones or more, here and in the reverse proxy."
        )
    if not issuer:
        raise ImproperlyConfigured(
            "PROXY_SECRET is set and PROXY_ISSUER is not. Set it to the name of the identity "
            "provider behind the reverse proxy, such as the entity id of your SAML provider."
        )
    if len({name.lower() for name in headers.values()}) < len(headers):
        raise ImproperlyConfigured(
            "Two PROXY_…_HEADER name the same header. Use a different name for each."
        )
    sign_in_settings.refuse_without_roles(env, enabled_by="PROXY_SECRET")
    return ProxySettings(secret=secret, issuer=issuer, headers=headers)


def _header(env: Environment, variable: str) -> str:
    name = str(env.str(variable))
    if HEADER_NAME.fullmatch(name):
        return name
    raise ImproperlyConfigured(
        f"{variable} is {name!r}. Use letters and digits only, as in "
        f"{SETTINGS[variable].default}: a hyphen could be forged with an underscore."
    )


def _refuse_incomplete(env: Environment) -> None:
    for name in OPTIONAL_NAMES:
        if name in env.ENVIRON:
            raise ImproperlyConfigured(
                f"{name} is set and PROXY_SECRET is not: the reverse proxy would not be "
                f"trusted. Set PROXY_SECRET, or unset {name}."
            )


def _refuse_contradiction(env: Environment, *, demo: bool) -> None:
    if demo:
        raise ImproperlyConfigured(
            "DESK_DEMO and PROXY_SECRET are both set: anybody could sign in as a demo persona. "
            "Unset one of them."
        )
    if env.str("OIDC_ISSUER") and not env.bool("PROXY_BESIDE_OIDC"):
        raise ImproperlyConfigured(
            "OIDC_ISSUER and PROXY_SECRET are both set: there would be two ways to sign in. Unset "
            "one of them, or set PROXY_BESIDE_OIDC=1 if you want both."
        )
