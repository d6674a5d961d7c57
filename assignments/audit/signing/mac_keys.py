"""The keys of the entries' MACs, from the settings or generated.

A MAC is HMAC-SHA-256 (RFC 2104) over the leaf hash of an entry. It shows that the entry was
written by somebody with the key, which is kept outside the database: by this product.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final

from django.conf import settings

from assignments.audit.signing.keys import KeyUnavailable, generated_key

KEY_BYTES: Final = 32
_PURPOSE: Final = b"assignment-desk/mac-key\0"
_ID_DIGITS: Final = 8


@dataclass(frozen=True, slots=True)
class MacKey:
    """A secret key, its SHA-256 fingerprint in hexadecimal, and the id that entries name it by."""

    fingerprint: str
    secret: bytes = field(repr=False)

    @property
    def id(self) -> str:
        """Return the first digits of the fingerprint."""
        return key_id(self.fingerprint)

    def mac(self, leaf: bytes) -> bytes:
        """Return the MAC of an entry with this leaf hash."""
        return hmac.digest(self.secret, leaf, "sha256")


def key_id(fingerprint: str) -> str:
    """Return the id of the key with this fingerprint."""
    return fingerprint[:_ID_DIGITS]


def new_key() -> str:
    """Return a random key as text for the setting."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def mac_key() -> MacKey:
    """Return the key to append with; without AUDIT_MAC_KEY the first use generates one.

    :raises KeyUnavailable: if there is none, or it cannot be read
    """
    text = settings.AUDIT_MAC_KEY or _own_key(settings.AUDIT_OWN_MAC_KEY_FILE)
    if not text:
        raise KeyUnavailable(
            "AUDIT_MAC_KEY is not set, so no entry of the audit log can be written or checked. "
            "Make a key with: manage.py audit mac-key"
        )
    return _parse("AUDIT_MAC_KEY", text)


def readable_keys() -> Mapping[str, MacKey]:
    """Return the keys that entries can be checked with, by their ids: the current one and older.

    :raises KeyUnavailable: if one of them cannot be read
    """
    older = [_parse("AUDIT_MAC_KEYS", text.strip()) for text in settings.AUDIT_MAC_KEYS]
    return {key.id: key for key in (mac_key(), *older)}


# Read once: every append needs it.
@lru_cache(maxsize=4)
def _own_key(path: Path | None) -> str:
    return generated_key(path, new_key)


@lru_cache(maxsize=64)
def _parse(setting: str, text: str) -> MacKey:
    # The text is no part of the message: it may be a secret.
    try:
        secret = base64.b64decode(text, validate=True)
    except binascii.Error:
        secret = b""
    if len(secret) != KEY_BYTES:
        raise KeyUnavailable(
            f"{setting} holds something that is not {KEY_BYTES} bytes in base64. "
            "Make a key with: manage.py audit mac-key"
        )
    return MacKey(hashlib.sha256(_PURPOSE + secret).hexdigest(), secret)
