"""Ids of the identity provider's sessions (`sid`) whose session here has ended already.

The provider may report their end later, as it does after a sign-out that began here. That says
nothing about the person's other sessions.
"""

import hashlib
from collections.abc import Iterable
from typing import Final

from django.core.cache import caches

from dashboard.access.models import SignIn

REMEMBERED_SECONDS: Final = 7 * 24 * 3600


def remember_ended(sign_ins: Iterable[SignIn]) -> None:
    """Remember the provider's ids of sessions that end, longer than sessions there mostly last."""
    for sign_in in sign_ins:
        if sign_in.provider_session:
            caches["shared"].set(_cache_key(sign_in.provider_session), 1, REMEMBERED_SECONDS)


def has_ended_here(session: str) -> bool:
    """Return whether the session with this id at the provider has ended here already."""
    return bool(caches["shared"].get(_cache_key(session)))


def _cache_key(session: str) -> str:
    return f"ended-session:{hashlib.sha256(session.encode()).hexdigest()}"
