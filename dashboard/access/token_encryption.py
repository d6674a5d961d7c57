"""Keeps the identity provider's tokens unreadable in the database."""

import base64
import hashlib
import json
from collections.abc import Mapping

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings


def seal(tokens: Mapping[str, str]) -> str:
    """Return the tokens encrypted with a key that only the site's secret key gives."""
    return _cipher().encrypt(json.dumps(dict(tokens)).encode()).decode()


def unseal(text: str) -> dict[str, str]:
    """Return the tokens; none if the secret key was changed since."""
    try:
        return dict(json.loads(_cipher().decrypt(text.encode())))
    except InvalidToken:
        return {}


def _cipher() -> Fernet:
    key = hashlib.sha256(b"identity provider tokens:" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))
