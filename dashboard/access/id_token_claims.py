"""From what an identity provider vouches for to a person with roles."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from dashboard.access.roles import ADMIN, AUDITOR, MANAGER


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Somebody as the provider knows them: the pair of issuer and subject says who."""

    issuer: str
    subject: str
    name: str
    email: str
    roles: tuple[str, ...]
    groups: tuple[str, ...]
    has_verified_email: bool


def identity(claims: Mapping[str, Any]) -> Identity:
    """Return whom the claims speak of; a missing `email_verified` is taken for a yes."""
    groups = _words(claims.get(settings.OIDC_ROLE_CLAIM))
    email = str(claims.get("email", ""))
    name = claims.get("name") or claims.get("preferred_username") or email or claims["sub"]
    return Identity(
        issuer=settings.OIDC_ISSUER,
        subject=str(claims["sub"]),
        name=str(name)[:200],
        email=email[:254],
        roles=roles_of(groups),
        groups=groups,
        has_verified_email=str(claims.get("email_verified", True)).lower() != "false",
    )


def roles_of(groups: tuple[str, ...]) -> tuple[str, ...]:
    """Return the roles that the values of the claim give; one never implies another."""
    lists = {
        MANAGER: settings.OIDC_MANAGER_VALUES,
        AUDITOR: settings.OIDC_AUDITOR_VALUES,
        ADMIN: settings.OIDC_ADMIN_VALUES,
    }
    return tuple(role for role, values in lists.items() if set(values) & set(groups))


def _words(value: Any) -> tuple[str, ...]:
    """Return a claim that may be one word or a list of words."""
    if isinstance(value, str):
        return (value,)
    return tuple(str(word) for word in value) if isinstance(value, list) else ()
