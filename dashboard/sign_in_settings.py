"""Sign-in settings: OpenID Connect provider, roles, and the groups of each account."""

import json
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from dashboard.environment import Environment, checked_url, is_loopback

ROLES = ("MANAGER", "AUDITOR", "ADMIN")


def comma_separated(env: Environment, name: str) -> list[str]:
    """Return the values of a comma-separated variable, without empty ones."""
    return [part.strip() for part in env.list(name) if part.strip()]


def text_list(env: Environment, name: str) -> list[str]:
    """Return the values of a variable, separated by commas or, if one has a comma, a JSON list.

    :raises ImproperlyConfigured: for a list that cannot be read
    """
    text = str(env.str(name)).strip()
    if not text.startswith("["):
        return comma_separated(env, name)
    values = _json(name, text)
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise _unreadable(name)
    return [value.strip() for value in values if value.strip()]


def _json(name: str, text: str) -> object:
    try:
        return json.loads(text)
    except ValueError as error:
        raise _unreadable(name) from error


def _unreadable(name: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(
        f"{name} begins like JSON and cannot be read. Write texts separated by commas or, if one "
        """has a comma, a JSON list: ["CN=Learning,OU=Groups,DC=example", "staff"]."""
    )


def oidc_issuer(env: Environment, *, demo: bool) -> str:
    """Return the identity provider's URL without a slash at its end; empty if none is set.

    :raises ImproperlyConfigured: with the one thing to change
    """
    url = str(env.str("OIDC_ISSUER")).rstrip("/")
    if not url:
        _refuse_without_issuer(env)
        return ""
    if demo:
        raise ImproperlyConfigured(
            "DESK_DEMO and OIDC_ISSUER are both set: anybody could sign in as a demo persona. "
            "Unset one of them."
        )
    _refuse_cleartext(checked_url("OIDC_ISSUER", url))
    _refuse_incomplete(env)
    return url


def account_groups(env: Environment, *, accounts: list[str]) -> dict[str, list[str]]:
    """Return the groups whose managers may use each account; all may use one without an entry.

    The variable is written as ACCOUNT=GROUP|GROUP,ACCOUNT=GROUP, or as a JSON list of such texts.

    :raises ImproperlyConfigured: for an account that is not linked
    """
    groups_by_account: dict[str, list[str]] = {}
    for part in text_list(env, "ACCOUNT_GROUPS"):
        account, _, groups = part.partition("=")
        if account not in accounts or not groups.strip("| "):
            raise ImproperlyConfigured(
                f"ACCOUNT_GROUPS has {part!r}. Write ACCOUNT=GROUP|GROUP with an account of "
                f"STACKONE_ACCOUNT_ID: {', '.join(accounts)}."
            )
        groups_by_account[account] = [group.strip() for group in groups.split("|") if group.strip()]
    return groups_by_account


def _refuse_without_issuer(env: Environment) -> None:
    names = ["OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"]
    # Proxy sign-in takes its roles from the same variables.
    if not env.str("PROXY_SECRET"):
        names += [f"OIDC_{role}_VALUES" for role in ROLES]
    for name in names:
        if env.str(name):
            raise ImproperlyConfigured(
                f"{name} is set and OIDC_ISSUER is not. Set OIDC_ISSUER to the address of your "
                f"identity provider, or unset {name}."
            )


def _refuse_cleartext(url: str) -> None:
    if urlsplit(url).scheme != "https" and not is_loopback(url):
        raise ImproperlyConfigured(f"OIDC_ISSUER is {url}. Start it with https://.")


def _refuse_incomplete(env: Environment) -> None:
    for name in ("OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"):
        if not env.str(name):
            raise ImproperlyConfigured(
                f"{name} is not set. Set it as the identity provider gives it, or unset "
                "OIDC_ISSUER."
            )
    refuse_without_roles(env, enabled_by="OIDC_ISSUER")


def refuse_without_roles(env: Environment, *, enabled_by: str) -> None:
    """Refuse a way to sign in that would give nobody a role.

    :param enabled_by: the variable that enables it
    :raises ImproperlyConfigured: with the variables to set
    """
    if not any(text_list(env, f"OIDC_{role}_VALUES") for role in ROLES):
        raise ImproperlyConfigured(
            f"{enabled_by} is set and nobody would have a role. Set OIDC_MANAGER_VALUES, "
            "OIDC_AUDITOR_VALUES or OIDC_ADMIN_VALUES to groups of your organisation."
        )
