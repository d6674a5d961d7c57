"""A small OpenID provider over loopback whose next errors can be chosen.

It has what a company's provider has: discovery, authorization code with PKCE, refresh tokens that
work once, user info, rotating keys, and front- and back-channel logout.
"""

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import batched
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

CLIENT_ID = "assignment-desk"
CLIENT_SECRET = "the-secret-of-the-client"
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
Response = tuple[int, dict[str, str], bytes]


def new_key() -> RSAKey:
    """Return a new signing key and its id."""
    return RSAKey.generate_key(2048, {"kid": secrets.token_hex(4), "use": "sig", "alg": "RS256"})


@cache
def first_key() -> RSAKey:
    """Return the key that every provider of this process begins with: making one takes long."""
    return new_key()


@dataclass
class Provider:
    """The accounts of the provider, and the errors of its next responses."""

    people: dict[str, dict[str, Any]]
    url: str = ""
    key: RSAKey = field(default_factory=first_key)
    keys: list[RSAKey] = field(default_factory=list)
    codes: dict[str, dict[str, Any]] = field(default_factory=dict)
    refreshes: dict[str, dict[str, Any]] = field(default_factory=dict)
    gives_refresh_tokens: bool = True
    claims: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    sign: Callable[[dict[str, Any]], str] | None = None
    jwk_set: Any = None
    token_members: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, Response] = field(default_factory=dict)
    # Seconds before each byte of a body, by path.
    pauses: dict[str, float] = field(default_factory=dict)
    sign_user_info: Callable[[dict[str, Any]], str] | None = None
    refuses: str = ""
    is_down: bool = False
    remembers: str = ""
    replays_code: str = ""
    calls: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.keys = self.keys or [self.key]

    def rotate(self) -> None:
        """Sign with a new key from now on; the old one is no longer published."""
        self.key = new_key()
        self.keys = [self.key]

    def forget(self, person: str) -> None:
        """Delete an account: no sign-in, no renewal."""
        del self.people[person]
        self.remembers = ""

    def discovery(self) -> dict[str, Any]:
        """Return the discovery document."""
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "jwks_uri": f"{self.url}/jwks",
            "end_session_endpoint": f"{self.url}/logout",
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        } | self.metadata

    def id_token(self, grant: dict[str, Any]) -> str:
        """Return an ID token, with the chosen errors."""
        now = int(time.time())
        about = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "sub": grant["person"],
            "iat": now,
            "exp": now + 300,
            "sid": grant["sid"],
            "nonce": grant.get("nonce", ""),
        }
        everything = about | self.people[grant["person"]] | self.claims
        return (self.sign or self.signed)({k: v for k, v in everything.items() if v != ""})

    def signed(self, claims: dict[str, Any]) -> str:
        """Sign claims with the current key."""
        return signed(claims, self.key, kid=self.key.kid)

    def logout_token(self, **claims: Any) -> str:
        """Return a back-channel logout token."""
        now = int(time.time())
        about = {"iss": self.url, "aud": CLIENT_ID, "iat": now, "exp": now + 120}
        about |= {"jti": secrets.token_hex(8), "events": {LOGOUT_EVENT: {}}}
        return self.signed({k: v for k, v in (about | claims).items() if v is not None})

    def approve(self, query: dict[str, str], person: str) -> Response:
        """Redirect a person to the site with a code that works once."""
        code = self.replays_code or secrets.token_urlsafe(12)
        if not self.replays_code:
            self.codes[code] = query | {"person": person, "sid": secrets.token_hex(6)}
        self.remembers = person
        return redirect_to_site(query, code=code)

    def tokens(self, form: dict[str, str], client: tuple[str, str]) -> Response:
        """Exchange a code or a refresh token for tokens."""
        if client != (CLIENT_ID, CLIENT_SECRET):
            return json_response({"error": "invalid_client"}, 401)
        is_code = form["grant_type"] == "authorization_code"
        stored = self.codes if is_code else self.refreshes
        grant = stored.pop(form.get("code" if is_code else "refresh_token", ""), None)
        if grant is None or grant["person"] not in self.people:
            return json_response(
                {"error": "invalid_grant", "error_description": "no such grant"}, 400
            )
        if is_code and not is_verifier_valid(grant, form):
            return json_response(
                {"error": "invalid_grant", "error_description": "PKCE failed"}, 400
            )
        grant = grant if is_code else {k: v for k, v in grant.items() if k != "nonce"}
        response = {"token_type": "Bearer", "expires_in": 300, "access_token": grant["person"]}
        if self.gives_refresh_tokens:
            response["refresh_token"] = secrets.token_urlsafe(12)
            self.refreshes[response["refresh_token"]] = grant
        return json_response(response | {"id_token": self.id_token(grant)} | self.token_members)


def signed(claims: dict[str, Any], key: RSAKey | ECKey, **header: Any) -> str:
    """Return a token with these claims; JSON of ASCII, so that any character can be sent."""
    content = json.dumps(claims).encode()
    return jws.serialize_compact({"alg": "RS256", "typ": "JWT"} | header, content, key)


def is_verifier_valid(grant: dict[str, Any], form: dict[str, str]) -> bool:
    """Return whether the code verifier matches the challenge, which is mandatory."""
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return grant.get("code_challenge") == challenge


def json_response(content: Any, status: int = 200) -> Response:
    """Return a JSON response."""
    return status, {"Content-Type": "application/json"}, json.dumps(content).encode()


def redirect_to_site(query: dict[str, str], **words: str) -> Response:
    """Return the redirect back to the site."""
    parameters = urlencode(words | {"state": query.get("state", "")})
    return 302, {"Location": f"{query['redirect_uri']}?{parameters}"}, b""


class Handler(BaseHTTPRequestHandler):
    """Dispatches requests by path."""

    provider: Provider

    def do_GET(self) -> None:
        """Respond to a browser or to the site."""
        self._respond({})

    def do_POST(self) -> None:
        """Respond to the site's token requests."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self._respond(dict(parse_qsl(body)))

    def _respond(self, form: dict[str, str]) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        path = urlsplit(self.path).path.strip("/").split("/")[-1].replace("-", "_")
        self.provider.calls.append(path)
        response = self._down if self.provider.is_down else getattr(self, f"_{path}", self._missing)
        chosen = self.provider.answers.get(path)
        status, headers, body = chosen or response(query | form)
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        pause = self.provider.pauses.get(path)
        # A client that gives up closes the connection.
        with suppress(BrokenPipeError, ConnectionResetError):
            for piece in batched(body, 1 if pause else len(body) or 1):
                time.sleep(pause or 0)
                self.wfile.write(bytes(piece))

    def _openid_configuration(self, _: dict[str, str]) -> Response:
        return json_response(self.provider.discovery())

    def _jwks(self, _: dict[str, str]) -> Response:
        keys = {"keys": [key.as_dict(private=False) for key in self.provider.keys]}
        chosen = self.provider.jwk_set
        return json_response(keys if chosen is None else chosen)

    def _authorize(self, query: dict[str, str]) -> Response:
        if self.provider.refuses:
            return redirect_to_site(
                query, error=self.provider.refuses, error_description="<b>no</b>"
            )
        if query.get("prompt") == "none":
            person = self.provider.remembers
            if person:
                return self.provider.approve(query, person)
            return redirect_to_site(query, error="login_required")
        links = "".join(
            f"<p><a href='/approve?{urlencode(query | {'person': person})}'>{person}</a></p>"
            for person in self.provider.people
        )
        page = f"<!DOCTYPE html><html lang=en><title>Company</title><h1>Company account</h1>{links}"
        return 200, {"Content-Type": "text/html"}, page.encode()

    def _approve(self, query: dict[str, str]) -> Response:
        return self.provider.approve(query, query["person"])

    def _token(self, form: dict[str, str]) -> Response:
        client = form.get("client_id", ""), form.get("client_secret", "")
        scheme, _, value = self.headers.get("Authorization", "").partition(" ")
        if scheme == "Basic":
            name, _, secret = base64.b64decode(value).decode().partition(":")
            client = name, secret
        return self.provider.tokens(form, client)

    def _userinfo(self, _: dict[str, str]) -> Response:
        person = self.headers.get("Authorization", "").removeprefix("Bearer ")
        claims = {"sub": person} | self.provider.people.get(person, {})
        if self.provider.sign_user_info:
            token = self.provider.sign_user_info(claims).encode()
            return 200, {"Content-Type": "application/jwt; charset=UTF-8"}, token
        return json_response(claims)

    def _logout(self, query: dict[str, str]) -> Response:
        self.provider.remembers = ""
        return 302, {"Location": query["post_logout_redirect_uri"]}, b""

    def _down(self, _: dict[str, str]) -> Response:
        return json_response({"error": "down"}, 503)

    def _missing(self, _: dict[str, str]) -> Response:
        return json_response({"error": "not found"}, 404)

    def log_message(self, *_: Any) -> None:
        """Write no log."""


@contextmanager
def running_provider(people: dict[str, dict[str, Any]]) -> Iterator[Provider]:
    """Run a provider with these accounts, by subject."""
    provider = Provider(people)
    handler = type("ProviderHandler", (Handler,), {"provider": provider})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    provider.url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
