"""Addresses of clients behind proxies, and that no client uses up the sign-ins of others."""

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from assignments.models import LogEntry
from assignments.services.operations import doctor
from assignments.views import rate_limits
from dashboard.access.doctor import check_client_addresses
from dashboard.access.middleware import client_address
from dashboard.access.models import SignIn
from tests.log_fixtures import AT

PROXY = "10.0.0.1"


def seen_address(header):
    """Return the address that the product sees of a request that came from PROXY."""
    headers = {} if header is None else {"X-Forwarded-For": header}
    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR=PROXY)
    client_address(lambda request: HttpResponse())(request)
    return request.META["REMOTE_ADDR"]


@pytest.mark.parametrize(
    ("proxies", "header", "expected"),
    [
        pytest.param(0, "203.0.113.7", PROXY, id="no trusted proxy"),
        pytest.param(1, "203.0.113.7", "203.0.113.7", id="one proxy"),
        pytest.param(1, "198.51.100.1, 203.0.113.7", "203.0.113.7", id="forged by the client"),
        pytest.param(2, "203.0.113.7, 10.0.0.2", "203.0.113.7", id="two proxies"),
        pytest.param(2, "1.1.1.1,203.0.113.7,10.0.0.2", "203.0.113.7", id="two, and forged"),
        pytest.param(2, "203.0.113.7", PROXY, id="past one of the two"),
        pytest.param(1, None, PROXY, id="past the proxy"),
        pytest.param(1, "", PROXY, id="empty"),
        pytest.param(1, "unknown", PROXY, id="no address"),
        pytest.param(1, "203.0.113.7:4711", "203.0.113.7", id="with a port"),
        pytest.param(1, "2001:db8::7", "2001:db8::7", id="IPv6"),
        pytest.param(1, "[2001:db8::7]:4711", "2001:db8::7", id="IPv6 with a port"),
        pytest.param(1, "[2001:db8::7]", "2001:db8::7", id="IPv6 in brackets"),
        pytest.param(1, "2001:0DB8:0::7", "2001:db8::7", id="IPv6 spelt otherwise"),
        pytest.param(1, "::ffff:203.0.113.7", "203.0.113.7", id="IPv4 within IPv6"),
        pytest.param(1, "[::FFFF:203.0.113.7]:80", "203.0.113.7", id="and with a port"),
        pytest.param(1, "fe80::7%eth0", "fe80::7", id="a zone"),
        pytest.param(1, "[fe80::7%25eth0]:80", "fe80::7", id="a zone, encoded"),
        pytest.param(1, "203.0.113.7%x", "203.0.113.7", id="a zone of IPv4"),
        pytest.param(1, "203.0.113.7,", PROXY, id="an empty hop"),
        pytest.param(1, "203.0.113.07", PROXY, id="a leading zero"),
        pytest.param(1, "203.0.113.7:4711:1", PROXY, id="two ports"),
        pytest.param(1, "[203.0.113.7", "203.0.113.7", id="half a bracket"),
    ],
)
def test_the_address_is_the_one_that_the_proxies_added(settings, proxies, header, expected):
    settings.TRUSTED_PROXIES = proxies

    assert seen_address(header) == expected


def test_the_address_of_a_connection_is_written_in_one_way():
    request = RequestFactory().get("/", REMOTE_ADDR="::ffff:203.0.113.7")

    client_address(lambda request: HttpResponse())(request)

    assert request.META["REMOTE_ADDR"] == "203.0.113.7"


@examples(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(forged=st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=60))
def test_a_client_cannot_choose_its_address(settings, forged):
    settings.TRUSTED_PROXIES = 1

    assert seen_address(f"{forged}, 203.0.113.7") == "203.0.113.7"
    assert seen_address(forged) == PROXY or "," not in seen_address(forged)


def test_the_log_has_the_address_of_the_client(db, settings):
    settings.TRUSTED_PROXIES = 1

    Client().post("/login/demo/manager", headers={"X-Forwarded-For": "203.0.113.7"})

    assert SignIn.objects.get().address == "203.0.113.7"
    assert LogEntry.objects.filter(action="user.signed_in").exists()


def test_failures_of_one_page_or_client_stop_no_other_sign_in(db, settings, clock):
    settings.TRUSTED_PROXIES = 1
    bad, good = Client(headers={"X-Forwarded-For": "203.0.113.7"}), Client()

    statuses = [bad.get("/login/callback?state=x").status_code for _ in range(121)]
    statuses += [bad.post("/login/demo/nobody").status_code for _ in range(121)]

    assert [n for n, status in enumerate(statuses) if status == 429] == [120, 241]
    assert bad.get("/login/").status_code == 200
    good_headers = {"X-Forwarded-For": "203.0.113.8"}
    assert good.post("/login/demo/manager", headers=good_headers).status_code == 302


def test_sign_ins_that_succeed_are_not_limited(db, clock):
    Client().post("/login/demo/nobody")
    statuses = {Client().post("/login/demo/manager").status_code for _ in range(125)}

    assert statuses == {302}


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", ""),
        ("somewhere", "somewhere"),
    ],
)
def test_a_client_is_counted_by_its_network(address, expected):
    assert rate_limits._network(address) == expected


def test_the_doctor_says_when_clients_cannot_be_told_apart(db, settings):
    settings.IS_PRODUCTION, settings.TRUSTED_PROXIES = True, 0
    is_ready, sentence = check_client_addresses()
    assert not is_ready
    assert "Set TRUSTED_PROXIES" in sentence

    settings.TRUSTED_PROXIES = 2
    assert check_client_addresses() == (
        True,
        "read from X-Forwarded-For, to which 2 trusted proxies add them; these must drop headers "
        "whose names have an underscore",
    )
    settings.TRUSTED_PROXIES = 1
    assert "to which 1 trusted proxy adds them" in check_client_addresses()[1]
    assert "client addresses" in {finding.name for finding in doctor.findings(now=AT)}
