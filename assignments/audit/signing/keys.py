"""The key that signs seals and the keys that are trusted, from the settings or generated."""

import secrets
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from assignments.audit.signing.signed_note import InvalidKey, PublicKey, SigningKey
from assignments.audit.signing.write_once import OWNER_ONLY, write_once


class KeyUnavailable(Exception):
    """There is no key to sign with or to trust; the message says what to do."""


def signing_key() -> SigningKey:
    """Return the key that signs seals; without AUDIT_SIGNING_KEY the first use generates one.

    :raises KeyUnavailable: if there is none, or it cannot be read
    """
    text = settings.AUDIT_SIGNING_KEY or generated_key(settings.AUDIT_OWN_KEY_FILE, _new_key)
    if not text:
        raise KeyUnavailable(
            "AUDIT_SIGNING_KEY is not set, so the log cannot be sealed. "
            "Make a key with: manage.py audit key"
        )
    try:
        return SigningKey.parse(text)
    except InvalidKey as error:
        raise KeyUnavailable(f"AUDIT_SIGNING_KEY is not a signing key. {error}") from error


def trusted_keys() -> list[PublicKey]:
    """Return the keys whose seals count: the signing key's, and those of AUDIT_TRUSTED_KEYS.

    :raises KeyUnavailable: if one of them cannot be read
    """
    try:
        configured = [PublicKey.parse(text.strip()) for text in settings.AUDIT_TRUSTED_KEYS]
    except InvalidKey as error:
        problem = f"AUDIT_TRUSTED_KEYS holds something that is not a public key. {error}"
        raise KeyUnavailable(problem) from error
    if not settings.AUDIT_SIGNING_KEY and not _has_generated_key():
        return configured
    return [signing_key().public, *configured]


def is_generated() -> bool:
    """Tell whether seals are signed with a generated key, because none is set."""
    return not settings.AUDIT_SIGNING_KEY and settings.AUDIT_OWN_KEY_FILE is not None


def generated_key(path: Path | None, create: Callable[[], str]) -> str:
    """Return the key in a file, which is created with a new key; empty if keys are not generated.

    :raises KeyUnavailable: if the file cannot be read or created
    """
    if path is None:
        return ""
    try:
        if not path.exists():
            write_once(path, f"{create()}\n", mode=OWNER_ONLY)
        return path.read_text().strip()
    except OSError as error:
        raise KeyUnavailable(f"The key in {path} cannot be read or created: {error}.") from error


def _new_key() -> str:
    return SigningKey.generate(f"assignment-desk.local/{secrets.token_hex(4)}").to_text()


def _has_generated_key() -> bool:
    path: Path | None = settings.AUDIT_OWN_KEY_FILE
    return path is not None and path.exists()
