"""New keys of the audit log, with what to do with them."""

import json
from typing import Final

from django.core.management import CommandError

from assignments.audit.signing.mac_keys import new_key
from assignments.audit.signing.signed_note import InvalidKey, SigningKey

SIGNING_KEY: Final = """\
Keep this secret, outside the database, and set it for every process of Assignment Desk:
AUDIT_SIGNING_KEY={secret}

Publish this, and give it to whoever verifies:
{public}

If there was another key before, keep its public half trusted for the seals it signed:
AUDIT_TRUSTED_KEYS=OLD-PUBLIC-KEY
"""
MAC_KEY: Final = """\
Keep this secret, outside the database, and set it for every process of Assignment Desk:
AUDIT_MAC_KEY={secret}

If there was another key before, keep it readable, so that its entries can be checked:
AUDIT_MAC_KEYS=OLD-KEY
"""


def new_signing_key(name: str, *, as_json: bool) -> str:
    """Return a new key pair that signs seals, and where to set it.

    :raises CommandError: if no key can have this name
    """
    try:
        key = SigningKey.generate(name)
    except InvalidKey as refusal:
        raise CommandError(str(refusal)) from refusal
    values = {"secret": key.to_text(), "public": str(key.public)}
    return json.dumps(values) if as_json else SIGNING_KEY.format(**values)


def new_mac_key(*, as_json: bool) -> str:
    """Return a new key that shows who wrote an entry, and where to set it."""
    values = {"secret": new_key()}
    return json.dumps(values) if as_json else MAC_KEY.format(**values)
