"""The identity provider's signing keys, and the verification of what it signed."""

import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from joserfc import jwt
from joserfc.errors import BadSignatureError, JoseError, SecurityWarning
from joserfc.jwk import ECKey, JWKRegistry, RSAKey
from joserfc.jws import JWSRegistry, extract_compact

from dashboard.access.oidc_errors import UnusableDocument
from dashboard.access.provider_data import without_nulls

# Signatures with a private key only: neither "none" nor HMAC with the client secret.
ALGORITHMS: Final = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
)
# A header may hold the chain of certificates of its key (`x5c`), which the library has no room for.
MAX_HEADER_BYTES: Final = 16_384
SigningKey = RSAKey | ECKey


def usable_keys(jwk_set: object) -> list[SigningKey]:
    """Return the keys that can verify a signature; skip what is not understood (RFC 7517 §5)."""
    keys = jwk_set.get("keys") if isinstance(jwk_set, dict) else None
    imported = map(_import_key, keys) if isinstance(keys, list) else ()
    return [key for key in imported if key is not None]


def verified_token(token: str, jwk_set: Callable[[bool], object]) -> jwt.Token:
    """Return a signed token that one of the provider's keys verifies.

    :param jwk_set: returns the provider's key set; fetches it again if its argument is true
    :raises JoseError: if no key does, even after the keys were fetched again
    :raises UnusableDocument: if the key set has no usable key
    """
    try:
        return _verified_by_any(token, usable_keys(jwk_set(False)))
    except BadSignatureError:
        return _verified_by_any(token, usable_keys(jwk_set(True)))


def _import_key(data: object) -> SigningKey | None:
    members = without_nulls(data) if isinstance(data, dict) else {}
    if members.get("use", "sig") != "sig":
        return None
    try:
        with warnings.catch_warnings():
            # A weak key must not verify anything: RFC 7518 §3.3 requires 2048 bits of RSA.
            warnings.simplefilter("error", SecurityWarning)
            key = JWKRegistry.import_key(members)
    except (JoseError, SecurityWarning, UnsupportedAlgorithm, ValueError, TypeError, KeyError):
        return None
    return key if isinstance(key, SigningKey) else None


def _verified_by_any(token: str, keys: list[SigningKey]) -> jwt.Token:
    if not keys:
        raise UnusableDocument("The provider publishes no key that can verify signatures.")
    registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
    registry.max_header_length = MAX_HEADER_BYTES
    header = extract_compact(token.encode(), registry=registry).headers()
    registry.get_alg(header["alg"])
    for key in _candidates(keys, header):
        with suppress(JoseError):
            return jwt.decode(token, key, registry=registry)
    raise BadSignatureError("No key of the provider verifies the signature.")


def _candidates(keys: list[SigningKey], header: dict[str, object]) -> list[SigningKey]:
    """Return the keys of that id or, if none has it, those without an id: several are tried."""
    kid = header.get("kid")
    if kid is None:
        return keys
    return [key for key in keys if key.kid == kid] or [key for key in keys if key.kid is None]
