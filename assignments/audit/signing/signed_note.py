"""Signed notes of the C2SP signed-note format with Ed25519: keys, signing and opening.

Specification: https://c2sp.org/signed-note
"""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519: Final = b"\x01"
KEY_BYTES: Final = 32
ID_BYTES: Final = 4
_PREFIX: Final = "PRIVATE+KEY+"
_MARK: Final = "\N{EM DASH} "


class InvalidKey(Exception):
    """The text is not a key of this kind; the message says what is wrong and never shows it."""


class InvalidNote(Exception):
    """The text is not a signed note, or no trusted key signed it; the message says which."""


class UnknownKey(InvalidNote):
    """None of the note's signatures is by a trusted key."""


class WrongSignature(InvalidNote):
    """A signature names a trusted key, but that key did not make it over this text."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that checks signatures; its text form is NAME+ID+KEY."""

    name: str
    raw: bytes

    @property
    def id(self) -> bytes:
        """Return the four bytes that precede each signature of this key."""
        return hashlib.sha256(f"{self.name}\n".encode() + ED25519 + self.raw).digest()[:ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{_encoded(ED25519 + self.raw)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the key of a text in the form NAME+ID+KEY.

        :raises InvalidKey: if it has another form, or its id does not belong to the key
        """
        name, identity, raw = _parts(text)
        key = cls(name, raw)
        if key.id.hex() != identity:
            raise InvalidKey("The key's id does not match the key: it was copied with an error.")
        return key

    def has_signed(self, text: str, signature: bytes) -> bool:
        """Tell whether this key made the signature over the text."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key pair; its `repr` does not show the private key."""

    public: PublicKey
    _secret: Ed25519PrivateKey

    def __repr__(self) -> str:
        return f"SigningKey({self.public})"

    @classmethod
    def generate(cls, name: str) -> Self:
        """Return a new key pair with this name.

        :raises InvalidKey: if the name is not allowed
        """
        if not _is_name(name):
            raise InvalidKey("A key's name has neither spaces nor plus signs, and is not empty.")
        return cls._of(name, Ed25519PrivateKey.generate())

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the key of a text in the form PRIVATE+KEY+NAME+ID+KEY.

        :raises InvalidKey: if it has another form, or its id does not belong to the key
        """
        if not text.startswith(_PREFIX):
            raise InvalidKey("It does not start with PRIVATE+KEY+.")
        name, identity, seed = _parts(text.removeprefix(_PREFIX))
        key = cls._of(name, Ed25519PrivateKey.from_private_bytes(seed))
        if key.public.id.hex() != identity:
            raise InvalidKey("The key's id does not match the key: it was copied with an error.")
        return key

    def to_text(self) -> str:
        """Return the text form, which has to be kept secret."""
        raw = ED25519 + self._secret.private_bytes_raw()
        return f"{_PREFIX}{self.public.name}+{self.public.id.hex()}+{_encoded(raw)}"

    def sign(self, text: str) -> str:
        """Return the text, which ends with a line feed, as a note with this key's signature."""
        signature = _encoded(self.public.id + self._secret.sign(text.encode()))
        return f"{text}\n{_MARK}{self.public.name} {signature}\n"

    @classmethod
    def _of(cls, name: str, secret: Ed25519PrivateKey) -> Self:
        return cls(PublicKey(name, secret.public_key().public_bytes_raw()), secret)


@dataclass(frozen=True, slots=True)
class OpenedNote:
    """A note's text, and the trusted key that signed it."""

    text: str
    key: PublicKey


def open_note(note: str, trusted: Iterable[PublicKey]) -> OpenedNote:
    """Return the text of a note that at least one trusted key signed.

    Signatures of unknown keys are ignored, as the specification demands.

    :raises UnknownKey: if no trusted key signed it
    :raises WrongSignature: if a signature names a trusted key that did not make it
    :raises InvalidNote: if the text has another format
    """
    text, signatures = split(note)
    trusted_keys = {(key.name, key.id): key for key in trusted}
    trusted_signatures = [
        (trusted_keys[name, key_id], signature)
        for name, key_id, signature in signatures
        if (name, key_id) in trusted_keys
    ]
    if not trusted_signatures:
        raise UnknownKey(f"No trusted key signed it, but {signatures[0][0]} did.")
    for key, signature in trusted_signatures:
        if not key.has_signed(text, signature):
            raise WrongSignature(f"The signature of {key.name} does not match.")
    return OpenedNote(text, trusted_signatures[0][0])


def split(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """Return a note's text, and the key's name, the key's id and the bytes of each signature.

    :raises InvalidNote: if the text has another format
    """
    text, blank, lines = note.rpartition("\n\n")
    is_plain = all(character >= " " or character == "\n" for character in note)
    if not blank or not is_plain or not lines.endswith("\n"):
        raise InvalidNote("It does not have the format of a signed note.")
    return f"{text}\n", [_signature(line) for line in lines.removesuffix("\n").split("\n")]


def _signature(line: str) -> tuple[str, bytes, bytes]:
    name, _, encoded = line.removeprefix(_MARK).partition(" ")
    try:
        raw = base64.b64decode(encoded, validate=True)
    except ValueError as error:
        raise InvalidNote("One of its signatures cannot be read.") from error
    is_plain = line.startswith(_MARK) and _encoded(raw) == encoded
    if not is_plain or not _is_name(name) or len(raw) <= ID_BYTES:
        raise InvalidNote("One of its signatures cannot be read.")
    return name, raw[:ID_BYTES], raw[ID_BYTES:]


def _parts(text: str) -> tuple[str, str, bytes]:
    name, _, rest = text.partition("+")
    identity, _, encoded = rest.partition("+")
    try:
        raw = base64.b64decode(encoded, validate=True)
    except ValueError as error:
        raise InvalidKey("It does not have the form NAME+ID+KEY.") from error
    is_ed25519 = raw[:1] == ED25519 and len(raw) == 1 + KEY_BYTES
    if not _is_name(name) or not is_ed25519 or _encoded(raw) != encoded:
        raise InvalidKey("It does not have the form NAME+ID+KEY, or is not an Ed25519 key.")
    return name, identity, raw[1:]


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and len(name.split()) == 1 and name == name.strip()


def _encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
