"""Signed notes as C2SP has them (c2sp.org/signed-note), with Ed25519: keys, signing, opening."""

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
_BEGIN: Final = "PRIVATE+KEY+"
_MARK: Final = "\N{EM DASH} "


class NotAKey(Exception):
    """The text is no key of this kind; the message says what is wrong, never the text."""


class NotANote(Exception):
    """The text is no signed note, or none that a trusted key signed; the message says which."""


class UnknownKey(NotANote):
    """None of the note's signatures is by a trusted key."""


class WrongSignature(NotANote):
    """A trusted key is named, and the signature is not that key's over this text."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that signatures are checked with; its text begins with name and id."""

    name: str
    raw: bytes

    @property
    def id(self) -> bytes:
        """Return the four bytes that stand before each of its signatures."""
        return hashlib.sha256(f"{self.name}\n".encode() + ED25519 + self.raw).digest()[:ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{_encoded(ED25519 + self.raw)}"

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the key that is written as NAME+ID+KEY.

        :raises NotAKey: if it is not written so, or its id is not that of its key
        """
        name, identity, raw = _parts(text)
        key = cls(name, raw)
        if key.id.hex() != identity:
            raise NotAKey("The key's id does not fit the key: it was copied with an error.")
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
    """A key pair; what it prints as does not hold the secret."""

    public: PublicKey
    _secret: Ed25519PrivateKey

    def __repr__(self) -> str:
        return f"SigningKey({self.public})"

    @classmethod
    def generate(cls, name: str) -> Self:
        """Return a new key pair of this name.

        :raises NotAKey: if no key can have such a name
        """
        if not _is_name(name):
            raise NotAKey("A key's name has neither spaces nor plus signs, and is not empty.")
        return cls._of(name, Ed25519PrivateKey.generate())

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the key that is written as PRIVATE+KEY+NAME+ID+KEY.

        :raises NotAKey: if it is not written so, or its id is not that of its key
        """
        if not text.startswith(_BEGIN):
            raise NotAKey("It does not start with PRIVATE+KEY+.")
        name, identity, seed = _parts(text.removeprefix(_BEGIN))
        key = cls._of(name, Ed25519PrivateKey.from_private_bytes(seed))
        if key.public.id.hex() != identity:
            raise NotAKey("The key's id does not fit the key: it was copied with an error.")
        return key

    def written(self) -> str:
        """Return the text to keep secret."""
        raw = ED25519 + self._secret.private_bytes_raw()
        return f"{_BEGIN}{self.public.name}+{self.public.id.hex()}+{_encoded(raw)}"

    def sign(self, text: str) -> str:
        """Return the text as a note with this key's signature; the text ends its last line."""
        signature = _encoded(self.public.id + self._secret.sign(text.encode()))
        return f"{text}\n{_MARK}{self.public.name} {signature}\n"

    @classmethod
    def _of(cls, name: str, secret: Ed25519PrivateKey) -> Self:
        return cls(PublicKey(name, secret.public_key().public_bytes_raw()), secret)


@dataclass(frozen=True, slots=True)
class Opened:
    """A note's text, and the trusted key that signed it."""

    text: str
    key: PublicKey


def open_note(note: str, trusted: Iterable[PublicKey]) -> Opened:
    """Return the text of a note that at least one trusted key signed.

    Signatures of keys that are not known are passed over, as the specification demands.

    :raises UnknownKey: if no trusted key signed it
    :raises WrongSignature: if a trusted key is named and did not sign this text
    :raises NotANote: if it is not written as a note
    """
    text, signatures = split(note)
    known = {(key.name, key.id): key for key in trusted}
    ours = [
        (known[name, key_id], signature)
        for name, key_id, signature in signatures
        if (name, key_id) in known
    ]
    if not ours:
        raise UnknownKey(f"No trusted key signed it, but {signatures[0][0]} did.")
    for key, signature in ours:
        if not key.has_signed(text, signature):
            raise WrongSignature(f"The signature of {key.name} does not fit.")
    return Opened(text, ours[0][0])


def split(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """Return a note's text, and of each signature the name, the key's id and the rest.

    :raises NotANote: if it is not written as a note
    """
    text, blank, lines = note.rpartition("\n\n")
    is_plain = all(letter >= " " or letter == "\n" for letter in note)
    if not blank or not is_plain or not lines.endswith("\n"):
        raise NotANote("It is not written as a signed note.")
    return f"{text}\n", [_signature(line) for line in lines.removesuffix("\n").split("\n")]


def _signature(line: str) -> tuple[str, bytes, bytes]:
    name, _, encoded = line.removeprefix(_MARK).partition(" ")
    try:
        raw = base64.b64decode(encoded, validate=True)
    except ValueError as error:
        raise NotANote("A signature of it cannot be read.") from error
    is_plain = line.startswith(_MARK) and _encoded(raw) == encoded
    if not is_plain or not _is_name(name) or len(raw) <= ID_BYTES:
        raise NotANote("A signature of it cannot be read.")
    return name, raw[:ID_BYTES], raw[ID_BYTES:]


def _parts(text: str) -> tuple[str, str, bytes]:
    name, _, rest = text.partition("+")
    identity, _, encoded = rest.partition("+")
    try:
        raw = base64.b64decode(encoded, validate=True)
    except ValueError as error:
        raise NotAKey("It is not written as NAME+ID+KEY.") from error
    is_ed25519 = raw[:1] == ED25519 and len(raw) == 1 + KEY_BYTES
    if not _is_name(name) or not is_ed25519 or _encoded(raw) != encoded:
        raise NotAKey("It is not written as NAME+ID+KEY, or is no Ed25519 key.")
    return name, identity, raw[1:]


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and len(name.split()) == 1 and name == name.strip()


def _encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
