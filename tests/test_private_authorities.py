"""Private authorities and proxies, on real sockets: what is accepted, and what refusals say."""

import asyncio
import ssl
from collections.abc import Callable, Iterator
from itertools import repeat
from pathlib import Path
from typing import Any

import certifi
import httpx
import pytest
from django.core.exceptions import ImproperlyConfigured

from assignments import tls
from assignments.proxies import UnsupportedProxy, proxy_to
from assignments.services.operations import doctor
from assignments.siem import forwarding
from assignments.siem.events import Event, Undelivered
from assignments.siem.https import Https
from assignments.siem.syslog import Syslog
from assignments.stackone.http_connection import Head
from assignments.stackone.transport import transport_to
from dashboard import tls_settings
from tests.authorities import CONFORMING, HERE, ODD_FORMS, Form, connect_proxy, make_server
from tests.environment import env
from tests.factories import make_account
from tests.log_fixtures import AT, write_log
from tests.siem_receivers import endpoint, receiver

EVENTS = [Event("2026-11-23T10:43:00.123456Z", b'{"n":1}')]
PROXY_VARIABLES = [
    f"{name}{case}"
    for scheme in ("http", "https", "all", "no")
    for name, case in ((scheme.upper(), "_PROXY"), (scheme, "_proxy"))
]


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Begin without proxies and private authorities, and with a context of its own."""
    for name in [*PROXY_VARIABLES, "SSL_CERT_FILE", tls.STRICT_VARIABLE]:
        monkeypatch.delenv(name, raising=False)
    tls.shared_tls_context.cache_clear()
    yield
    tls.shared_tls_context.cache_clear()


def get_from_stackone(url: str) -> None:
    """Send a request as the LMS client does, and read the response."""

    async def send() -> None:
        transport = transport_to(url, allows_private=True)
        timeout = httpx.Timeout(10).as_dict()
        extensions = {"timeout": timeout, "head": Head()}
        request = httpx.Request("POST", url, content=b"{}", extensions=extensions)
        response = await transport.handle_async_request(request)
        assert response.status_code == 200
        await response.aread()
        await transport.aclose()

    asyncio.run(send())


# Every client that makes TLS connections, given the port of a server here.
CLIENTS: dict[str, Callable[[int], object]] = {
    "LMS": lambda port: get_from_stackone(f"https://{HERE}:{port}/"),
    "SIEM by HTTPS": lambda port: Https(f"https://{HERE}:{port}/", HERE, "").send(EVENTS),
    "sign-in and mail server": lambda port: httpx.post(
        f"https://{HERE}:{port}/", content=b"", verify=tls.tls_context()
    ).raise_for_status(),
}
REFUSALS = (httpx.ConnectError, Undelivered)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("form", ODD_FORMS)
def test_an_odd_authority_is_accepted_only_if_the_setting_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client: str, form: str
) -> None:
    context, trusted = make_server(tmp_path, ODD_FORMS[form])
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with endpoint(context) as server:
        with pytest.raises(REFUSALS) as refused:
            CLIENTS[client](server.port)
        assert "TLS_STRICT_CERTIFICATES=0" in tls.advice(str(refused.value))

        monkeypatch.setenv(tls.STRICT_VARIABLE, "0")
        tls.shared_tls_context.cache_clear()
        CLIENTS[client](server.port)
    assert len(server.taken) == 1


@pytest.mark.parametrize("client", CLIENTS)
def test_a_conforming_private_authority_needs_no_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client: str
) -> None:
    context, trusted = make_server(tmp_path, CONFORMING)
    with endpoint(context) as server:
        with pytest.raises(REFUSALS) as refused:
            CLIENTS[client](server.port)
        assert "set SSL_CERT_FILE" in tls.advice(str(refused.value))

        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        tls.shared_tls_context.cache_clear()
        CLIENTS[client](server.port)


@pytest.mark.parametrize("form", ODD_FORMS)
def test_syslog_accepts_an_odd_authority_if_the_setting_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    context, trusted = make_server(tmp_path, ODD_FORMS[form])
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with receiver(context) as server:
        destination = Syslog(HERE, server.port, is_encrypted=True)
        with pytest.raises(Undelivered) as refused:
            destination.send(EVENTS)
        assert "TLS_STRICT_CERTIFICATES=0" in tls.advice(str(refused.value))
        monkeypatch.setenv(tls.STRICT_VARIABLE, "0")
        destination.send(EVENTS)
    assert len(server.messages()) == 1


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        pytest.param(Form(name="127.0.0.2"), "IP address mismatch", id="another name"),
        pytest.param(Form(days_left=-1), "certificate has expired", id="expired"),
    ],
)
def test_the_setting_relaxes_only_the_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: Form, reason: str
) -> None:
    context, trusted = make_server(tmp_path, form)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    monkeypatch.setenv(tls.STRICT_VARIABLE, "0")
    with endpoint(context) as server, pytest.raises(httpx.ConnectError, match=reason):
        get_from_stackone(f"https://{HERE}:{server.port}/")


def test_private_authorities_are_added_to_the_public_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    public = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    public.load_verify_locations(cafile=certifi.where())
    _, trusted = make_server(tmp_path, CONFORMING)
    without = tls.tls_context().cert_store_stats()["x509"]
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))

    context = tls.tls_context()

    names = {str(certificate["subject"]) for certificate in context.get_ca_certs()}
    assert {str(certificate["subject"]) for certificate in public.get_ca_certs()} <= names
    assert any("An authority" in name for name in names)
    assert without >= len(public.get_ca_certs())


@pytest.mark.parametrize("address", ["http://127.0.0.1:{}", "127.0.0.1:{}"], ids=["URL", "bare"])
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_connections_go_through_the_proxy_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, variable: str
) -> None:
    # As through a proxy that inspects TLS: the tunnel ends at a server with its own authority.
    context, trusted = make_server(tmp_path, Form(name="192.0.2.7", key_usage=False))
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    monkeypatch.setenv(tls.STRICT_VARIABLE, "0")
    with endpoint(context) as server, connect_proxy(server.port) as proxy:
        monkeypatch.setenv(variable, address.format(proxy.port))
        get_from_stackone("https://192.0.2.7/")
        Https("https://192.0.2.7/", "192.0.2.7", "").send(EVENTS)

    assert proxy.requested == ["192.0.2.7:443", "192.0.2.7:443"]
    assert len(server.taken) == 2


def test_exceptions_and_this_machine_are_reached_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://proxy.example:1080")
    monkeypatch.setenv("NO_PROXY", "internal.example,.corp.example")

    assert proxy_to("https://internal.example/x") is None
    assert proxy_to("https://desk.corp.example/x") is None
    assert proxy_to(f"http://{HERE}:9100") is None
    assert proxy_to("http://localhost:9100") is None


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("socks5://user:s3cret@proxy.example:1080", "is a SOCKS proxy, which is not supported"),
        ("socks5h://proxy.example:1080", "is a SOCKS proxy, which is not supported"),
        ("SOCKS4://proxy.example:1080", "is a SOCKS proxy, which is not supported"),
        ("ftp://proxy.example", "is not the address of an HTTP proxy"),
        ("http://", "is not the address of an HTTP proxy"),
        ("http://proxy.example:port", "is not the address of an HTTP proxy"),
        ("http://[::", "is not the address of an HTTP proxy"),
        (":8080", "is not the address of an HTTP proxy"),
    ],
)
def test_a_proxy_that_cannot_be_used_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, address: str, sentence: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", address)

    with pytest.raises(UnsupportedProxy):
        proxy_to("https://api.stackone.com")
    with pytest.raises(ImproperlyConfigured, match=sentence) as stop:
        tls_settings.refuse_unsupported_proxy([f"http://{HERE}:1", "https://api.stackone.com"])
    assert "s3cret" not in str(stop.value)
    assert "Set it to an HTTP proxy" in str(stop.value)
    assert "add api.stackone.com to NO_PROXY" in str(stop.value)


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("certificate verify failed: Hostname mismatch, certificate is not valid", "that name"),
        ("certificate verify failed: IP address mismatch", "instead of its IP address"),
        ("certificate verify failed: certificate has expired (_ssl.c:1)", "a new certificate"),
        ("certificate verify failed: certificate is not yet valid", "Set the clock"),
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number", "the scheme or the port"),
        ("Connection refused", ""),
    ],
)
def test_each_refusal_of_a_connection_has_its_advice(reason: str, expected: str) -> None:
    assert expected in tls.advice(reason)
    assert bool(tls.advice(reason)) is bool(expected)


@pytest.mark.parametrize(("value", "expected"), [("0", False), ("off", False), ("", True)])
def test_child_processes_inherit_the_strictness(value: str, expected: bool) -> None:
    values = {"TLS_STRICT_CERTIFICATES": value} if value else {}
    assert tls_settings.strict_certificates(env(**values)) is expected

    has_flag = bool(tls.tls_context().verify_flags & ssl.VERIFY_X509_STRICT)
    assert has_flag is expected
    assert tls.tls_context().verify_flags & ssl.VERIFY_X509_PARTIAL_CHAIN


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "No such file"), ("no certificate", "it holds no certificate")]
)
def test_an_unusable_file_of_authorities_stops_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None, reason: str
) -> None:
    path = tmp_path / "authority.pem"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))

    with pytest.raises(ImproperlyConfigured, match=reason):
        tls_settings.strict_certificates(env())


def test_the_doctor_names_the_setting_for_an_odd_authority(
    db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    context, trusted = make_server(tmp_path, Form(key_usage=False))
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with endpoint(context) as server:
        settings.SIEM = Https(f"https://{HERE}:{server.port}/", HERE, "")
        write_log(1)
        forwarding.forward(clock=repeat(AT).__next__, may_go_on=lambda: True)

    finding = doctor._siem()
    assert not finding.is_ok
    assert "Set TLS_STRICT_CERTIFICATES=0" in finding.sentence


def test_the_doctor_names_authorities_and_proxy(
    db: None, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", certifi.where())
    monkeypatch.setenv("HTTPS_PROXY", "desk:s3cret@proxy.example:3128")
    settings.STACKONE_BASE_URL = "https://api.stackone.com"
    settings.TLS_STRICT_CERTIFICATES = False

    assert certifi.where() in doctor._certificates()
    assert "may violate" in doctor._certificates()
    assert doctor._proxy() == "StackOne is reached through proxy.example:3128"
    monkeypatch.setenv("NO_PROXY", "api.stackone.com")
    assert doctor._proxy() == "none is used for StackOne"


@pytest.mark.parametrize(
    ("variables", "url", "sentence"),
    [
        pytest.param({}, f"http://{HERE}:9", "and whether the sandbox LMS runs", id="the sandbox"),
        pytest.param({}, f"https://{HERE}:9", "STACKONE_BASE_URL and the network.", id="direct"),
        pytest.param(
            {"HTTPS_PROXY": f"{HERE}:9"},
            "https://api.stackone.com",
            "and the proxy that HTTPS_PROXY names.",
            id="by a proxy",
        ),
    ],
)
def test_the_doctor_names_the_settings_of_a_connection_that_fails(
    db: None,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
    variables: dict[str, str],
    url: str,
    sentence: str,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    settings.STACKONE_BASE_URL = url
    settings.IS_SANDBOX = url.startswith("http:")

    (finding,) = doctor._account(make_account(), AT)

    assert not finding.is_ok
    assert sentence in finding.sentence
