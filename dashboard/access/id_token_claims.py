"""ID token claims: the identity and the roles that an identity provider vouches for."""

from collections.abc import Mapping
from typing import Final

from django.conf import settings

from dashboard.access.identities import Identity, InvalidIdentity, checked_identity
from dashboard.access.oidc_errors import UntrustedProviderData
from dashboard.access.provider_data import text_of, texts_of, value_at

MAX_ID_LENGTH: Final = 255


def identity_from_claims(id_token_claims: Mapping[str, object]) -> Identity:
    """Return the person whom the claims name.

    :raises UntrustedProviderData: if the claims name nobody, or could deceive readers
    """
    email = text_of(id_token_claims.get("email")).strip()
    name = text_of(id_token_claims.get("name")) or text_of(
        id_token_claims.get("preferred_username")
    )
    # A group is only compared and stored: one that cannot be read is no reason to refuse the rest.
    groups = tuple(filter(str.isprintable, texts_of(role_claim(id_token_claims))))
    try:
        return checked_identity(
            issuer=settings.OIDC_ISSUER,
            subject=_subject(id_token_claims),
            name=name.strip(),
            email=email,
            groups=groups,
            has_verified_email=not email or _is_verified(id_token_claims),
            has_too_many_groups=not groups and _are_groups_left_out(id_token_claims),
        )
    except InvalidIdentity as error:
        raise UntrustedProviderData(f"The claims are invalid. {error}") from error


def role_claim(id_token_claims: Mapping[str, object]) -> object:
    """Return the value of the claim that holds the groups; None if there is none."""
    return value_at(id_token_claims, settings.OIDC_ROLE_CLAIM)


def id_in(claims: Mapping[str, object], name: str) -> str:
    """Return an id to compare with stored ones, such as `sid`; empty if none can be equal."""
    text = text_of(claims.get(name))
    return text if text.isprintable() and len(text) <= MAX_ID_LENGTH else ""


def _subject(id_token_claims: Mapping[str, object]) -> str:
    subject = id_token_claims.get("sub")
    # A list or an object could stand for several people.
    return "" if isinstance(subject, list) else text_of(subject)


def _is_verified(id_token_claims: Mapping[str, object]) -> bool:
    """Return whether the address is verified, for which only `true` counts.

    Without the claim it counts as verified: many providers leave it out (OpenID Connect Core 1.0
    §5.1 makes it optional).
    """
    return id_token_claims.get("email_verified", True) is True


def _are_groups_left_out(id_token_claims: Mapping[str, object]) -> bool:
    """Return whether Entra ID left the groups out, as it does for people in more than 200."""
    names = id_token_claims.get("_claim_names")
    is_elsewhere = isinstance(names, dict) and settings.OIDC_ROLE_CLAIM in names
    has_groups = id_token_claims.get("hasgroups") in (True, "true")
    return is_elsewhere or (has_groups and settings.OIDC_ROLE_CLAIM == "groups")
