"""Documents of identity providers that are wrong or unusual: each kind is one line."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from joserfc.jwk import ECKey, OctKey, RSAKey

type Jwk = dict[str, Any]
# Makes the key set that a provider publishes, from the key that it signs with.
type Publish = Callable[[Jwk], object]


@dataclass(frozen=True)
class KeySet:
    """A published key set, the `kid` of the ID token's header, and whether people can sign in."""

    name: str
    published: Publish
    kid: str | None = "right"
    is_usable: bool = True

    def __str__(self) -> str:
        return self.name


def _without(jwk: Jwk, *names: str, **changed: Any) -> Jwk:
    return {name: value for name, value in jwk.items() if name not in names} | changed


def _other(**parameters: Any) -> Jwk:
    key = RSAKey.generate_key(2048)
    return dict(key.as_dict(private=False)) | parameters


def _beside(key: object) -> Publish:
    return lambda jwk: {"keys": [key, jwk]}


def _weak(jwk: Jwk) -> Jwk:
    """Return a key whose modulus has half as many bits."""
    return jwk | {"n": jwk["n"][: len(jwk["n"]) // 2 // 4 * 4]}


EC = dict(ECKey.generate_key("P-256").as_dict(private=False))
OCT = dict(OctKey.import_key("the-secret-of-the-client").as_dict(private=True))
# Keys that RFC 7517 §5 says to skip.
SKIPPED: dict[str, Any] = {
    "a post-quantum key": {"kty": "AKP", "alg": "ML-DSA-65", "kid": "pq", "pub": "AAAA"},
    "a key of no type": {"kid": "none"},
    "a type that is a list": {"kty": ["RSA"], "kid": "list"},
    "an RSA key without a modulus": {"kty": "RSA", "kid": "half", "e": "AQAB"},
    "a modulus that is not base64": {"kty": "RSA", "kid": "bad", "n": "!!", "e": "AQAB"},
    "a modulus that is a number": {"kty": "RSA", "kid": "number", "n": 1, "e": "AQAB"},
    "an even modulus": {"kty": "RSA", "kid": "even", "n": "AAAA", "e": "AQAB"},
    "an empty exponent": {"kty": "RSA", "kid": "empty", "n": "wQAB", "e": ""},
    "a point off its curve": {**EC, "kid": "off", "x": "AAAA"},
    "a curve nobody knows": {**EC, "kid": "curve", "crv": "P-9"},
    "a curve that is null": {**EC, "kid": "null", "crv": None},
    "an Edwards key": {"kty": "OKP", "kid": "ed", "crv": "Ed25519", "x": "A" * 43},
    "an unknown operation": {**EC, "kid": "ops", "key_ops": ["dance"]},
    "an unknown use": {**EC, "kid": "use", "use": "fun"},
    "an encryption key": {**EC, "kid": "enc", "use": "enc"},
    "a use and operations that differ": {**EC, "kid": "both", "use": "sig", "key_ops": ["encrypt"]},
    "a symmetric key": {**OCT, "kid": "oct"},
    "a key that is null": None,
    "a key that is a text": "RSA",
    "a key that is a list": [],
    "the same id with a broken key": {"kty": "RSA", "kid": "right", "n": "!!", "e": "AQAB"},
}

KEY_SETS = (
    *(KeySet(f"{name} first", _beside(key)) for name, key in SKIPPED.items()),
    KeySet("one key without an id", lambda jwk: {"keys": [_without(jwk, "kid")]}),
    KeySet(
        "one key without an id, none wanted", lambda jwk: {"keys": [_without(jwk, "kid")]}, None
    ),
    KeySet("an id, none wanted", lambda jwk: {"keys": [jwk]}, None),
    KeySet(
        "several without an id",
        lambda jwk: {"keys": [_other(), _other(), _without(jwk, "kid")]},
    ),
    KeySet(
        "several without an id, none wanted",
        lambda jwk: {"keys": [_other(), EC, _without(jwk, "kid")]},
        None,
    ),
    KeySet("several ids, none wanted", lambda jwk: {"keys": [_other(kid="x"), jwk]}, None),
    KeySet("one id twice", lambda jwk: {"keys": [_other(kid="right"), jwk]}),
    KeySet("an id of null", lambda jwk: {"keys": [_without(jwk, "kid", kid=None)]}, None),
    KeySet("a null algorithm", lambda jwk: {"keys": [_without(jwk, "alg", alg=None)]}),
    KeySet("a null use", lambda jwk: {"keys": [_without(jwk, "use", use=None)]}),
    KeySet("unknown members", lambda jwk: {"keys": [jwk | {"x": {"y": 1}}], "more": []}),
    # Nobody signs in by these.
    KeySet("another algorithm", lambda jwk: {"keys": [jwk | {"alg": "RS512"}]}, is_usable=False),
    KeySet("another use", lambda jwk: {"keys": [jwk | {"use": "enc"}]}, is_usable=False),
    KeySet("other keys", lambda _: {"keys": [_other(), _other()]}, is_usable=False),
    KeySet("other ids", lambda jwk: {"keys": [jwk | {"kid": "wrong"}]}, is_usable=False),
    KeySet("a weak key", lambda jwk: {"keys": [_weak(jwk)]}, is_usable=False),
    KeySet("no key", lambda _: {"keys": []}, is_usable=False),
    KeySet("keys of null", lambda _: {"keys": None}, is_usable=False),
    KeySet("keys that are a text", lambda _: {"keys": "RSA"}, is_usable=False),
    KeySet("an empty object", lambda _: {}, is_usable=False),
    KeySet("a list", lambda jwk: [jwk], is_usable=False),
    KeySet("a text", lambda _: "keys", is_usable=False),
    KeySet("only a symmetric key", lambda _: {"keys": [OCT]}, None, is_usable=False),
)


@dataclass(frozen=True)
class Claims:
    """Claims of an ID token, and the user that they make or what the page says otherwise.

    :ivar claims: those that differ from Priya's, who is in the group `ld`
    :ivar user: the columns of her user that differ
    :ivar page: what the page of the refusal says; empty if she is signed in
    """

    name: str
    claims: Mapping[str, Any]
    user: dict[str, Any] = field(default_factory=dict)
    page: str = ""
    role_claim: str = "groups"

    def __str__(self) -> str:
        return self.name


UNTRUSTED = "could not be trusted"
UNVERIFIED = "address is not verified"
NO_ROLE = "has no role here"
TOO_MANY = "more groups than your company’s sign-in passes on"
LDAP = "CN=Learning,OU=Groups,DC=example"
DIRECTION = "Priya \u202eathem"
OVERAGE: dict[str, Any] = {
    "_claim_names": {"groups": "src1"},
    "_claim_sources": {"src1": {"endpoint": "https://graph.example/getMemberObjects"}},
    "hasgroups": True,
}
JOINED = "\u0915\u094d\u200d\u0937"

NOT_VERIFIED: tuple[object, ...] = (False, None, 0, 1, "true", "false", [], [True], {})

CLAIMS = (
    # Null is absent.
    Claims("a null e-mail", {"email": None}, {"email": ""}),
    Claims("a null name", {"name": None}, {"name": "priya@northwind.example"}),
    Claims("null names", {"name": None, "email": None}, {"name": "priya", "email": ""}),
    Claims(
        "a null name beside another",
        {"name": None, "preferred_username": "pmehta"},
        {"name": "pmehta"},
    ),
    Claims("a null subject", {"sub": None}, page=UNTRUSTED),
    Claims("a null sid", {"sid": None}),
    Claims("null groups", {"groups": None}),  # The user info has them.
    # Lists where a text is expected.
    Claims("a list of names", {"name": ["Priya M", "x"]}, {"name": "Priya M"}),
    Claims("a list of addresses", {"email": [None, "p@x.example"]}, {"email": "p@x.example"}),
    Claims("an empty list of addresses", {"email": []}, {"email": ""}),
    Claims("a list of subjects", {"sub": ["priya", "ruth"]}, page=UNTRUSTED),
    Claims("a subject that is a number", {"sub": 7}, page=UNTRUSTED),
    Claims("a subject that is true", {"sub": True}, page=UNTRUSTED),
    Claims("a name that is an object", {"name": {"a": 1}}, {"name": "priya@northwind.example"}),
    Claims("a name that is false", {"name": False}, {"name": "priya@northwind.example"}),
    # What readers do not see, and what is too long.
    Claims("a name with NUL", {"name": "Pri\0ya"}, page=UNTRUSTED),
    Claims("a subject with NUL", {"sub": "pri\0ya"}, page=UNTRUSTED),
    Claims("an address with NUL", {"email": "p\0@x.example"}, page=UNTRUSTED),
    Claims("half a character", {"name": "Priya \ud800"}, page=UNTRUSTED),
    Claims("a change of direction", {"name": DIRECTION}, page=UNTRUSTED),
    Claims("an invisible subject", {"sub": "priya\u200b"}, page=UNTRUSTED),
    Claims("a subject that is blank", {"sub": " \t"}, page=UNTRUSTED),
    Claims("300 characters of subject", {"sub": "s" * 300}, page=UNTRUSTED),
    Claims("255 characters of subject", {"sub": "s" * 255}, {"subject": "s" * 255}),
    Claims("300 characters of address", {"email": f"{'a' * 290}@x.example"}, page=UNTRUSTED),
    Claims("300 characters of name", {"name": "n" * 300}, {"name": "n" * 200}),
    Claims("a joiner in a name", {"name": JOINED}, {"name": JOINED}),
    Claims("wide spaces in a name", {"name": "山田\u3000太郎\n"}, {"name": "山田 太郎"}),
    Claims("a sid with NUL", {"sid": "a\0b"}),
    Claims("300 characters of sid", {"sid": "s" * 300}),
    # Only true is a verified address.
    Claims("verified", {"email_verified": True}),
    *(
        Claims(f"{value!r} is not verified", {"email_verified": value}, page=UNVERIFIED)
        for value in NOT_VERIFIED
    ),
    Claims("not verified, no address", {"email": None, "email_verified": False}, {"email": ""}),
    # Groups in all forms.
    Claims("one group as a text", {"groups": "ld"}),
    Claims(
        "groups with null", {"groups": [None, "ld", 7, True, ["x"]]}, {"groups": ["ld", "7", "x"]}
    ),
    Claims("group objects", {"groups": [{"id": "1", "name": "ld"}]}),
    Claims("SCIM groups", {"groups": [{"value": "1", "display": "ld"}]}),
    Claims("a group named like the id", {"groups": [{"id": "ld", "name": "x"}]}, page=NO_ROLE),
    Claims("ids of group objects", {"groups": [{"id": "ld"}, "x", {}]}, role_claim="groups.id"),
    Claims(
        "a group with the id of another as its name",
        {"groups": [{"id": "x", "name": "ld"}]},
        page=NO_ROLE,
        role_claim="groups.id",
    ),
    Claims("groups with NUL", {"groups": ["a\0", "\ud800", "ld"]}, {"groups": ["ld"]}),
    Claims("groups that are false", {"groups": False}, page=NO_ROLE),
    Claims("groups that are numbers", {"groups": [1, 2.5, {}]}, page=NO_ROLE),
    Claims("an LDAP name", {"groups": [LDAP]}, {"groups": [LDAP]}),
    Claims(
        "a nested claim",
        {"realm_access": {"roles": ["ld"]}},
        role_claim="realm_access.roles",
    ),
    Claims(
        "a name with dots within a nested claim",
        {"resource_access": {"desk.example": {"roles": ["ld"]}}},
        role_claim="resource_access.desk.example.roles",
    ),
    Claims(
        "a claim named by a URL",
        {"https://x.example/roles": ["ld"]},
        role_claim="https://x.example/roles",
    ),
    Claims("a nested claim of null", {"a": None}, page=NO_ROLE, role_claim="a.b"),
    Claims("a nested claim of text", {"a": "b"}, page=NO_ROLE, role_claim="a.b"),
    # Entra ID leaves out the groups of people in more than 200.
    Claims("Entra overage", OVERAGE | {"groups": []}, page=TOO_MANY),
    Claims("Entra overage, implicit", {"groups": [], "hasgroups": True}, page=TOO_MANY),
    Claims("groups in spite of overage", OVERAGE | {"groups": ["ld"]}),
    Claims("no groups, which is no overage", {"groups": [], "hasgroups": False}, page=NO_ROLE),
    Claims("overage, but roles are read", OVERAGE, page=NO_ROLE, role_claim="roles"),
    Claims("roles in spite of overage", OVERAGE | {"roles": ["ld"]}, role_claim="roles"),
    Claims("another distributed claim", {"groups": [], "_claim_names": {"x": "s"}}, page=NO_ROLE),
    Claims("odd claim names", {"groups": [], "_claim_names": ["groups"]}, page=NO_ROLE),
)
