"""The key of MACs that this database is used with: pinned at the first start of a process."""

from datetime import datetime
from functools import lru_cache

from assignments.audit.signing.keys import KeyUnavailable
from assignments.audit.signing.mac_keys import MacKey, key_id, mac_key, readable_keys
from assignments.models import LogMacKey


def require_pinned_key() -> MacKey:
    """Return the key to append with; a database without a pinned key accepts any.

    :raises KeyUnavailable: if there is none, or another one is pinned
    """
    key = mac_key()
    _require_pin(key.fingerprint)
    return key


# Once for each process: the key is pinned before the processes start.
@lru_cache(maxsize=1)
def _require_pin(fingerprint: str) -> None:
    pinned = newest_pin()
    if pinned is not None and pinned.fingerprint != fingerprint:
        raise _refusal(fingerprint, pinned)


def newest_pin() -> LogMacKey | None:
    """Return the key that is pinned; None before the first start."""
    return LogMacKey.objects.order_by("-number").first()


def pin(*, now: datetime) -> LogMacKey | None:
    """Pin the key of the settings, unless it is; return the one that it replaces.

    The log's head must be locked by the caller's transaction.

    :raises KeyUnavailable: if another key is pinned that AUDIT_MAC_KEYS does not hold, so that
        whoever changes the key is not known to have had it
    """
    key, pinned = mac_key(), newest_pin()
    if pinned is not None and pinned.fingerprint == key.fingerprint:
        return None
    if pinned is not None and all(
        older.fingerprint != pinned.fingerprint for older in readable_keys().values()
    ):
        raise _refusal(key.fingerprint, pinned)
    number = pinned.number + 1 if pinned else 1
    LogMacKey.objects.create(number=number, fingerprint=key.fingerprint, at=now)
    return pinned


def _refusal(fingerprint: str, pinned: LogMacKey) -> KeyUnavailable:
    return KeyUnavailable(
        f"AUDIT_MAC_KEY is the key {key_id(fingerprint)}, and this database is used with "
        f"{key_id(pinned.fingerprint)}. Set that one, or add it to AUDIT_MAC_KEYS and run "
        "manage.py prepare to change to the new one."
    )
