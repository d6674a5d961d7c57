"""Identities that an identity provider or a reverse proxy vouches for, checked the same way."""

from dataclasses import dataclass
from typing import Final

from django.conf import settings

from dashboard.access.roles import ADMIN, AUDITOR, MANAGER

MAX_SUBJECT_LENGTH: Final = 255
MAX_EMAIL_LENGTH: Final = 254
MAX_NAME_LENGTH: Final = 200
# Zero-width joiner and non-joiner, which names in several scripts are spelt with.
JOINERS: Final = str.maketrans("", "", "\u200c\u200d")


class InvalidIdentity(ValueError):
    """Nobody may be signed in by what was sent: it names nobody, or could deceive readers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A person, identified by the pair of issuer and subject."""

    issuer: str
    subject: str
    name: str
    email: str
    roles: tuple[str, ...]
    groups: tuple[str, ...]
    has_verified_email: bool
    has_too_many_groups: bool = False


def checked_identity(
    *,
    issuer: str,
    subject: str,
    name: str,
    email: str,
    groups: tuple[str, ...],
    has_verified_email: bool = True,
    has_too_many_groups: bool = False,
) -> Identity:
    """Return the identity with its roles.

    :raises InvalidIdentity: if the subject is missing, or a value is too long or has characters
        that nobody sees, such as NUL or a change of the writing direction
    """
    _check("subject", subject, MAX_SUBJECT_LENGTH)
    _check("e-mail address", email, MAX_EMAIL_LENGTH)
    if not subject:
        raise InvalidIdentity("The subject is missing.")
    shown_name = " ".join((name or email or subject).split())
    _check("name", shown_name.translate(JOINERS), None)
    return Identity(
        issuer=issuer,
        subject=subject,
        name=shown_name[:MAX_NAME_LENGTH],
        email=email,
        roles=roles_for_groups(groups),
        groups=groups,
        has_verified_email=has_verified_email,
        has_too_many_groups=has_too_many_groups,
    )


def roles_for_groups(groups: tuple[str, ...]) -> tuple[str, ...]:
    """Return the roles that the groups give by the OIDC_…_VALUES; no role implies another."""
    return tuple(role for role, values in groups_by_role().items() if set(values) & set(groups))


def groups_by_role() -> dict[str, list[str]]:
    """Return the groups that give each role."""
    return {
        MANAGER: settings.OIDC_MANAGER_VALUES,
        AUDITOR: settings.OIDC_AUDITOR_VALUES,
        ADMIN: settings.OIDC_ADMIN_VALUES,
    }


def _check(field: str, value: str, max_length: int | None) -> None:
    if not value.isprintable():
        raise InvalidIdentity(f"The {field} contains control characters.")
    if max_length is not None and len(value) > max_length:
        raise InvalidIdentity(f"The {field} has more than {max_length} characters.")
