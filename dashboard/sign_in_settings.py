"""Reads how people sign in from the environment; contradictions stop the start with one line."""

from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from dashboard.env import is_loopback

ROLES = ("MANAGER", "AUDITOR", "ADMIN")


def words(env: environ.Env, name: str) -> list[str]:
    """Return the values of a comma-separated variable without the empty ones."""
    return [word.strip() for word in env.list(name, default=[]) if word.strip()]


def issuer(env: environ.Env, *, demo: bool) -> str:
    """Return the identity provider's address without a slash at its end; nothing if there is none.

    :raises ImproperlyConfigured: with the one thing to change
    """
    url = str(env.str("OIDC_ISSUER", default="")).rstrip("/")
    if not url:
        _refuse_half(env)
        return ""
    if demo:
        raise ImproperlyConfigured(
            "DESK_DEMO and OIDC_ISSUER are both set: anybody could sign in as a demo persona. "
            "Unset one of them."
        )
    _refuse_open_line(url)
    _refuse_incomplete(env)
    return url


def account_groups(env: environ.Env, *, accounts: list[str]) -> dict[str, list[str]]:
    """Return the groups whose managers may use an account; one that is not named is for all.

    Written as ACCOUNT=GROUP|GROUP, several separated by commas.

    :raises ImproperlyConfigured: for an account that is not linked
    """
    found: dict[str, list[str]] = {}
    for part in words(env, "ACCOUNT_GROUPS"):
        account, _, groups = part.partition("=")
        if account not in accounts or not groups.strip("| "):
            raise ImproperlyConfigured(
                f"ACCOUNT_GROUPS has {part!r}. Write ACCOUNT=GROUP|GROUP with an account of "
                f"STACKONE_ACCOUNT_ID: {', '.join(accounts)}."
            )
        found[account] = [group.strip() for group in groups.split("|") if group.strip()]
    return found


def _refuse_half(env: environ.Env) -> None:
    names = ["OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"]
    # A reverse proxy that says who somebody is has its roles from the same lists.
    if not env.str("PROXY_SECRET", default=""):
        names += [f"OIDC_{role}_VALUES" for role in ROLES]
    for name in names:
        if env.str(name, default=""):
            raise ImproperlyConfigured(
                f"{name} is set and OIDC_ISSUER is not. Set OIDC_ISSUER to the address of your "
                f"identity provider, or unset {name}."
            )


def _refuse_open_line(url: str) -> None:
    if urlsplit(url).scheme != "https" and not is_loopback(url):
        raise ImproperlyConfigured(f"OIDC_ISSUER is {url}. Start it with https://.")


def _refuse_incomplete(env: environ.Env) -> None:
    for name in ("OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"):
        if not env.str(name, default=""):
            raise ImproperlyConfigured(
                f"{name} is not set. Set it as the identity provider gives it, or unset "
                "OIDC_ISSUER."
            )
    refuse_without_roles(env, because="OIDC_ISSUER")


def refuse_without_roles(env: environ.Env, *, because: str) -> None:
    """Refuse a way in by which nobody would have a role; `because` is the variable that opens it.

    :raises ImproperlyConfigured: with the lists to fill
    """
    if not any(words(env, f"OIDC_{role}_VALUES") for role in ROLES):
        raise ImproperlyConfigured(
            f"{because} is set and nobody would have a role. Set OIDC_MANAGER_VALUES, "
            "OIDC_AUDITOR_VALUES or OIDC_ADMIN_VALUES to groups of your organisation."
        )
