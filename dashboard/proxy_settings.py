"""Reads from the environment whether a reverse proxy in front says who somebody is, and how."""

import re
from dataclasses import dataclass, field

import environ
from django.core.exceptions import ImproperlyConfigured

from dashboard import sign_in_settings

SHORTEST_SECRET = 32
# Letters and digits alone: X-Subject has a twin, X_Subject, that WSGI cannot tell from it.
NAMES = (
    "PROXY_ISSUER",
    "PROXY_BESIDE_OIDC",
    "PROXY_SECRET_HEADER",
    "PROXY_SUBJECT_HEADER",
    "PROXY_NAME_HEADER",
    "PROXY_EMAIL_HEADER",
    "PROXY_GROUPS_HEADER",
)
HEADER_NAME = re.compile(r"[A-Za-z0-9]{1,60}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """The proxy's shared secret, for whom it speaks, and the headers in which it does."""

    secret: str = field(repr=False)
    issuer: str
    headers: dict[str, str]


def gateway(env: environ.Env, *, demo: bool) -> Gateway | None:
    """Return the proxy that says who somebody is; nothing if there is none.

    :raises ImproperlyConfigured: with the one thing to change
    """
    secret = str(env.str("PROXY_SECRET", default=""))
    issuer = str(env.str("PROXY_ISSUER", default=""))
    headers = {
        "secret": _header(env, "PROXY_SECRET_HEADER", "DeskSecret"),
        "subject": _header(env, "PROXY_SUBJECT_HEADER", "DeskSubject"),
        "name": _header(env, "PROXY_NAME_HEADER", "DeskName"),
        "email": _header(env, "PROXY_EMAIL_HEADER", "DeskEmail"),
        "groups": _header(env, "PROXY_GROUPS_HEADER", "DeskGroups"),
    }
    if not secret:
        _refuse_half(env)
        return None
    _refuse_contradiction(env, demo=demo)
    if len(secret) < SHORTEST_SECRET:
        raise ImproperlyConfigured(
            f"PROXY_SECRET has fewer than {SHORTEST_SECRET} characters. Set it to as many random "
            "ones or more, here and in the reverse proxy."
        )
    if not issuer:
        raise ImproperlyConfigured(
            "PROXY_SECRET is set and PROXY_ISSUER is not. Set it to the name of whoever vouches "
            "for people behind the reverse proxy, such as the entity id of your SAML provider."
        )
    if len({name.lower() for name in headers.values()}) < len(headers):
        raise ImproperlyConfigured("Two PROXY_…_HEADER name the same header. Name each once.")
    sign_in_settings.refuse_without_roles(env, because="PROXY_SECRET")
    return Gateway(secret=secret, issuer=issuer, headers=headers)


def _header(env: environ.Env, variable: str, default: str) -> str:
    name = str(env.str(variable, default=default))
    if HEADER_NAME.fullmatch(name):
        return name
    raise ImproperlyConfigured(
        f"{variable} is {name!r}. Write it with letters and digits alone, such as {default}: a "
        "hyphen could be forged with an underscore."
    )


def _refuse_half(env: environ.Env) -> None:
    for name in NAMES:
        if env.str(name, default=""):
            raise ImproperlyConfigured(
                f"{name} is set and PROXY_SECRET is not: nothing a reverse proxy says would be "
                f"believed. Set PROXY_SECRET, or unset {name}."
            )


def _refuse_contradiction(env: environ.Env, *, demo: bool) -> None:
    if demo:
        raise ImproperlyConfigured(
            "DESK_DEMO and PROXY_SECRET are both set: anybody could sign in as a demo persona. "
            "Unset one of them."
        )
    if env.str("OIDC_ISSUER", default="") and not env.bool("PROXY_BESIDE_OIDC", default=False):
        raise ImproperlyConfigured(
            "OIDC_ISSUER and PROXY_SECRET are both set: there would be two ways in. Unset one of "
            "them, or set PROXY_BESIDE_OIDC=1 if that is meant."
        )
