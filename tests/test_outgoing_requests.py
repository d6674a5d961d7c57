"""Where requests may go: not into a private network unasked, not where a redirect points."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

import httpx
import pytest
from django.core.exceptions import ImproperlyConfigured

from assignments.services.calls import connections
from assignments.stackone.address import is_public
from assignments.stackone.client import StackOne
from assignments.stackone.errors import OutcomeUnknown
from assignments.stackone.http_connection import Head
from assignments.stackone.transport import DirectTransport, transport_to
from dashboard import stackone_settings
from dashboard.access import oidc
from dashboard.access.oidc_errors import ProviderUnavailable, UntrustedProviderData

REDIRECT = "HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Listener:
    """Sends the same response to every request and keeps the requests."""

    response = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                with connection:
                    request = connection.recv(4096)
                    if request:
                        self.requests.append(request)
                        connection.sendall(self.response.encode())

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@contextmanager
def redirecting() -> Iterator[tuple[Listener, Listener]]:
    """Run a server that redirects to another one."""
    with closing(Listener()) as elsewhere, closing(Listener()) as server:
        server.response = REDIRECT.format(elsewhere.url)
        yield server, elsewhere


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("10.0.0.5", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("127.0.0.1", False),
        ("0.0.0.0", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.5", False),
    ],
)
def test_is_public(address, expected):
    assert is_public(address) is expected


def ask(transport: httpx.AsyncBaseTransport, url: str) -> int:
    """Send one request through the transport."""
    extensions = {"timeout": httpx.Timeout(5).as_dict(), "head": Head()}
    headers = {"Authorization": "x"}

    async def send() -> int:
        try:
            request = httpx.Request("GET", url, headers=headers, extensions=extensions)
            return (await transport.handle_async_request(request)).status_code
        finally:
            await transport.aclose()

    return asyncio.run(send())


def test_nothing_is_sent_to_a_host_that_resolves_to_a_private_address(monkeypatch):
    inside = ("127.0.0.1", socket.AF_INET)
    resolve = socket.getaddrinfo

    def rebound(host, port, *rest, **more):
        return resolve(inside[0] if host == "api.rebound.example" else host, port, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", rebound)
    with closing(Listener()) as listener:
        url = f"http://api.rebound.example:{listener.port}/"
        with pytest.raises(httpx.ConnectError, match=r"is at 127\.0\.0\.1, a private address"):
            ask(DirectTransport(only_public=True), url)
        refused = list(listener.requests)
        allowed = ask(DirectTransport(only_public=False), url)

    assert (refused, allowed, len(listener.requests)) == ([], 200, 1)


@pytest.mark.parametrize(
    ("base_url", "allows_private", "is_reached"),
    [
        pytest.param("https://api.stackone.com", False, False, id="the internet"),
        pytest.param("https://gateway.corp.example", True, True, id="a gateway that is allowed"),
        pytest.param("http://127.0.0.1:9100", False, True, id="the sandbox on this machine"),
    ],
)
def test_transport_reaches_private_addresses_only_if_allowed(
    base_url, allows_private, is_reached, monkeypatch
):
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    made = transport_to(base_url, allows_private=allows_private)

    with closing(Listener()) as listener, suppress(httpx.ConnectError):
        ask(made, listener.url)

    assert bool(listener.requests) is is_reached


@pytest.mark.django_db
def test_the_setting_reaches_the_client(settings):
    settings.STACKONE_ALLOW_PRIVATE = True

    assert connections.open_client("a", before_request=lambda: None).allows_private


@pytest.mark.parametrize("host", ["10.0.0.5", "[fd00::1]", "169.254.169.254"])
def test_a_private_base_url_prevents_the_start(host):
    with pytest.raises(
        ImproperlyConfigured, match=r"a private address\. If your StackOne is really"
    ):
        stackone_settings.refuse_private_address(f"https://{host}/", is_allowed=False)
    stackone_settings.refuse_private_address(f"https://{host}/", is_allowed=True)


@pytest.mark.parametrize("url", ["https://api.stackone.com", "http://127.0.0.1:9100"])
def test_other_base_urls_allow_the_start(url):
    stackone_settings.refuse_private_address(url, is_allowed=False)


def test_the_api_client_follows_no_redirect():
    with redirecting() as (server, elsewhere):
        client = StackOne(base_url=server.url, api_key="k", account_id="a")
        with client, pytest.raises(OutcomeUnknown, match="not followed"):
            client.user("1")

    assert (len(server.requests), elsewhere.requests) == (1, [])


def test_sign_in_follows_no_redirect(settings):
    with redirecting() as (server, elsewhere):
        settings.OIDC_ISSUER = server.url
        oidc.provider.cache_clear()
        with pytest.raises(ProviderUnavailable, match="status 302"):
            oidc.provider_metadata()
    oidc.provider.cache_clear()

    assert (len(server.requests), elsewhere.requests) == (1, [])


@pytest.mark.parametrize("url", ["http://169.254.169.254/latest", "file:///etc/passwd", ""])
def test_a_provider_url_in_a_private_network_is_refused(settings, url):
    with closing(Listener()) as server:
        others = dict.fromkeys(("authorization_endpoint", "jwks_uri"), f"{server.url}/other")
        body = json.dumps({"issuer": server.url, "token_endpoint": url, **others})
        server.response = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        settings.OIDC_ISSUER = server.url
        oidc.provider.cache_clear()
        with pytest.raises(UntrustedProviderData, match="its token_endpoint is"):
            oidc.provider_metadata()
    oidc.provider.cache_clear()
