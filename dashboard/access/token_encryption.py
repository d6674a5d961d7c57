"""Encryption of the identity provider's tokens in the database."""

import base64
import hashlib
import json
from collections.abc import Mapping

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings


def encrypt_tokens(tokens: Mapping[str, str]) -> str:
    """Return the tokens encrypted with a key that is derived from SECRET_KEY."""
    return _cipher().encrypt(json.dumps(dict(tokens)).encode()).decode()


def decrypt_tokens(text: str) -> dict[str, str]:
    """Return the tokens; none if SECRET_KEY has changed since they were encrypted."""
    try:
        return dict(json.loads(_cipher().decrypt(text.encode())))
    except InvalidToken:
        return {}


def _cipher() -> Fernet:
    key = hashlib.sha256(b"identity provider tokens:" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))
