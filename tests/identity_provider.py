"""A small identity provider over loopback that can be told which error to make next.

It speaks what a company's provider speaks: discovery, authorization code with PKCE, refresh tokens
that are good once, user info, keys that rotate, and both ways of logging out.
"""

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID = "assignment-desk"
CLIENT_SECRET = "the-secret-of-the-client"
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
Answer = tuple[int, dict[str, str], bytes]


def new_key() -> RSAKey:
    """Return a new signing key and its id."""
    return RSAKey.generate_key(2048, {"kid": secrets.token_hex(4), "use": "sig", "alg": "RS256"})


@dataclass
class Provider:
    """The people of the provider, and the errors it makes next."""

    people: dict[str, dict[str, Any]]
    url: str = ""
    key: RSAKey = field(default_factory=new_key)
    keys: list[RSAKey] = field(default_factory=list)
    codes: dict[str, dict[str, Any]] = field(default_factory=dict)
    refreshes: dict[str, dict[str, Any]] = field(default_factory=dict)
    gives_refresh_tokens: bool = True
    claims: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    sign: Callable[[dict[str, Any]], str] | None = None
    refuses: str = ""
    is_down: bool = False
    remembers: str = ""
    replays_code: str = ""
    calls: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.keys = self.keys or [self.key]

    def rotate(self) -> None:
        """Sign with a new key from now on, and publish nothing of the old one."""
        self.key = new_key()
        self.keys = [self.key]

    def forget(self, person: str) -> None:
        """Let somebody leave the company: no sign-in, no renewal."""
        del self.people[person]
        self.remembers = ""

    def discovery(self) -> dict[str, Any]:
        """Return what it says of itself."""
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
        """Return what it vouches for, changed by what it was told to do wrong."""
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
        """Sign claims with the key of now."""
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)

    def logout_token(self, **claims: Any) -> str:
        """Return what it posts to a back channel."""
        now = int(time.time())
        about = {"iss": self.url, "aud": CLIENT_ID, "iat": now, "exp": now + 120}
        about |= {"jti": secrets.token_hex(8), "events": {LOGOUT_EVENT: {}}}
        return self.signed({k: v for k, v in (about | claims).items() if v is not None})

    def approve(self, asked: dict[str, str], person: str) -> Answer:
        """Send somebody back to the site with a code that is good once."""
        code = self.replays_code or secrets.token_urlsafe(12)
        if not self.replays_code:
            self.codes[code] = asked | {"person": person, "sid": secrets.token_hex(6)}
        self.remembers = person
        return back(asked, code=code)

    def tokens(self, form: dict[str, str], client: tuple[str, str]) -> Answer:
        """Change a code or a refresh token into tokens."""
        if client != (CLIENT_ID, CLIENT_SECRET):
            return said({"error": "invalid_client"}, 401)
        is_code = form["grant_type"] == "authorization_code"
        stored = self.codes if is_code else self.refreshes
        grant = stored.pop(form.get("code" if is_code else "refresh_token", ""), None)
        if grant is None or grant["person"] not in self.people:
            return said({"error": "invalid_grant", "error_description": "no such grant"}, 400)
        if is_code and not has_passed_canary(grant, form):
            return said({"error": "invalid_grant", "error_description": "PKCE failed"}, 400)
        grant = grant if is_code else {k: v for k, v in grant.items() if k != "nonce"}
        response = {"token_type": "Bearer", "expires_in": 300, "access_token": grant["person"]}
        if self.gives_refresh_tokens:
            response["refresh_token"] = secrets.token_urlsafe(12)
            self.refreshes[response["refresh_token"]] = grant
        return said(response | {"id_token": self.id_token(grant)})


def has_passed_canary(grant: dict[str, Any], form: dict[str, str]) -> bool:
    """Return whether the code verifier matches the challenge, which is mandatory."""
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return grant.get("code_challenge") == challenge


def said(content: Any, status: int = 200) -> Answer:
    """Return a JSON response."""
    return status, {"Content-Type": "application/json"}, json.dumps(content).encode()


def back(asked: dict[str, str], **words: str) -> Answer:
    """Return the redirect back to the site."""
    query = urlencode(words | {"state": asked.get("state", "")})
    return 302, {"Location": f"{asked['redirect_uri']}?{query}"}, b""


class Handler(BaseHTTPRequestHandler):
    """Dispatches requests by path."""

    provider: Provider

    def do_GET(self) -> None:
        """Answer what a browser or the site asks for."""
        self._answer({})

    def do_POST(self) -> None:
        """Answer the site's requests for tokens."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self._answer(dict(parse_qsl(body)))

    def _answer(self, form: dict[str, str]) -> None:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        path = urlsplit(self.path).path.strip("/").split("/")[-1].replace("-", "_")
        self.provider.calls.append(path)
        response = self._down if self.provider.is_down else getattr(self, f"_{path}", self._missing)
        status, headers, body = response(asked | form)
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _openid_configuration(self, _: dict[str, str]) -> Answer:
        return said(self.provider.discovery())

    def _jwks(self, _: dict[str, str]) -> Answer:
        return said({"keys": [key.as_dict(private=False) for key in self.provider.keys]})

    def _authorize(self, asked: dict[str, str]) -> Answer:
        if self.provider.refuses:
            return back(asked, error=self.provider.refuses, error_description="<b>no</b>")
        if asked.get("prompt") == "none":
            person = self.provider.remembers
            if person:
                return self.provider.approve(asked, person)
            return back(asked, error="login_required")
        links = "".join(
            f"<p><a href='/approve?{urlencode(asked | {'person': person})}'>{person}</a></p>"
            for person in self.provider.people
        )
        page = f"<!DOCTYPE html><html lang=en><title>Company</title><h1>Company account</h1>{links}"
        return 200, {"Content-Type": "text/html"}, page.encode()

    def _approve(self, asked: dict[str, str]) -> Answer:
        return self.provider.approve(asked, asked["person"])

    def _token(self, form: dict[str, str]) -> Answer:
        client = form.get("client_id", ""), form.get("client_secret", "")
        scheme, _, value = self.headers.get("Authorization", "").partition(" ")
        if scheme == "Basic":
            name, _, secret = base64.b64decode(value).decode().partition(":")
            client = name, secret
        return self.provider.tokens(form, client)

    def _userinfo(self, _: dict[str, str]) -> Answer:
        person = self.headers.get("Authorization", "").removeprefix("Bearer ")
        return said({"sub": person} | self.provider.people.get(person, {}))

    def _logout(self, asked: dict[str, str]) -> Answer:
        self.provider.remembers = ""
        return 302, {"Location": asked["post_logout_redirect_uri"]}, b""

    def _down(self, _: dict[str, str]) -> Answer:
        return said({"error": "down"}, 503)

    def _missing(self, _: dict[str, str]) -> Answer:
        return said({"error": "not found"}, 404)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def running_provider(people: dict[str, dict[str, Any]]) -> Iterator[Provider]:
    """Run a provider with these people, by subject."""
    provider = Provider(people)
    handler = type("Told", (Handler,), {"provider": provider})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    provider.url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
