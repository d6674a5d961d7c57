"""The key that signs seals and those that are trusted: from the settings, or made by ourselves."""

import secrets
from pathlib import Path

from django.conf import settings

from assignments.audit.signing.signed_note import NotAKey, PublicKey, SigningKey
from assignments.audit.signing.write_once import OWNER_ONLY, write_once


class NoKey(Exception):
    """There is no key to sign or to trust; the message says what to do."""


def signing_key() -> SigningKey:
    """Return the key that seals are signed with; the first use on one machine makes it.

    :raises NoKey: if there is none, or it cannot be read
    """
    text = settings.AUDIT_SIGNING_KEY or _own_key()
    if not text:
        raise NoKey(
            "AUDIT_SIGNING_KEY is not set, so the log cannot be sealed. "
            "Make a key with: manage.py audit key"
        )
    try:
        return SigningKey.read(text)
    except NotAKey as error:
        raise NoKey(f"AUDIT_SIGNING_KEY is no signing key. {error} Set it to the right one.") from (
            error
        )


def trusted_keys() -> list[PublicKey]:
    """Return the keys whose seals count: that of the signing key, and those named besides it.

    :raises NoKey: if one of them cannot be read
    """
    try:
        named = [PublicKey.read(text.strip()) for text in settings.AUDIT_TRUSTED_KEYS]
    except NotAKey as error:
        raise NoKey(f"AUDIT_TRUSTED_KEYS holds what is no public key. {error}") from error
    if not settings.AUDIT_SIGNING_KEY and not _file_of_own_key():
        return named
    return [signing_key().public, *named]


def is_own() -> bool:
    """Tell whether the key was made by ourselves, because none is set."""
    return not settings.AUDIT_SIGNING_KEY and settings.AUDIT_OWN_KEY_FILE is not None


def _own_key() -> str:
    path: Path | None = settings.AUDIT_OWN_KEY_FILE
    if path is None:
        return ""
    try:
        if not path.exists():
            key = SigningKey.generate(f"assignment-desk.local/{secrets.token_hex(4)}")
            write_once(path, f"{key.written()}\n", mode=OWNER_ONLY)
        return path.read_text().strip()
    except OSError as error:
        raise NoKey(f"The signing key in {path} cannot be read or made: {error}.") from error


def _file_of_own_key() -> bool:
    path: Path | None = settings.AUDIT_OWN_KEY_FILE
    return path is not None and path.exists()
