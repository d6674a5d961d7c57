"""ID token claims: the identity and the roles that an identity provider vouches for."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings

from dashboard.access.roles import ADMIN, AUDITOR, MANAGER


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A person at the identity provider, identified by the pair of issuer and subject."""

    issuer: str
    subject: str
    name: str
    email: str
    roles: tuple[str, ...]
    groups: tuple[str, ...]
    has_verified_email: bool


def identity_from_claims(id_token_claims: Mapping[str, object]) -> Identity:
    """Return the person whom the claims name.

    An address without the claim `email_verified` counts as verified: many providers leave the
    claim out (OpenID Connect Core 1.0 §5.1 makes it optional).
    """
    groups = _claim_values(id_token_claims.get(settings.OIDC_ROLE_CLAIM))
    subject = str(id_token_claims["sub"])
    email = str(id_token_claims.get("email", ""))
    name = id_token_claims.get("name") or id_token_claims.get("preferred_username")
    return Identity(
        issuer=settings.OIDC_ISSUER,
        subject=subject,
        name=str(name or email or subject)[:200],
        email=email[:254],
        roles=roles_for_groups(groups),
        groups=groups,
        has_verified_email=str(id_token_claims.get("email_verified", True)).lower() != "false",
    )


def roles_for_groups(groups: tuple[str, ...]) -> tuple[str, ...]:
    """Return the roles that the groups give by the OIDC_…_VALUES; no role implies another."""
    values_by_role = {
        MANAGER: settings.OIDC_MANAGER_VALUES,
        AUDITOR: settings.OIDC_AUDITOR_VALUES,
        ADMIN: settings.OIDC_ADMIN_VALUES,
    }
    return tuple(role for role, values in values_by_role.items() if set(values) & set(groups))


def _claim_values(value: object) -> tuple[str, ...]:
    """Return the values of a claim that is one text or a list of texts."""
    if isinstance(value, str):
        return (value,)
    return tuple(str(element) for element in value) if isinstance(value, list) else ()
