"""Planted secrets and a planted person, searched for in all output of the product."""

import base64
import os
import subprocess
import sys
import zipfile

import pytest

from assignments.audit.signing.signed_note import SigningKey
from tests.planted_secrets import CONTROL, EMAIL, NAME
from tests.sandbox_process import ROOT

# All output is written once, in one process.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("secrets")]

SIGNING = SigningKey.generate("log.example.com/desk").to_text()
SECRETS = {
    "SECRET_KEY": "canary-of-django-0c6f3b7a9d-0123456789-0123456789-0123456789",
    "STACKONE_API_KEY": "v1.eu1.canary-of-stackone-5f0c2d7be1",
    "OIDC_CLIENT_SECRET": "canary-of-the-provider-83c1",
    "PROXY_SECRET": "canary-of-the-reverse-proxy-0123456789",
    "METRICS_TOKEN": "canary-of-the-monitor-91d2",
    "AUDIT_SIGNING_KEY": SIGNING,
    "SIEM_AUTHORIZATION": "Bearer canary-of-the-siem-2f61",
    # Some endpoints have their key in the URL.
    "SIEM_URL": "https://127.0.0.1:9/canary-of-the-address-77ab",
}
PASSWORDS = {
    "the mail server's password": "canary-of-the-mail-4d1c",
    "Sentry's key": "ca7a51e0ca7a51e0ca7a51e0ca7a51e0",
    "the database's password": "canary-of-the-database-7e20",
    "the broker's password": "canary-of-the-broker-b3f8",
}
MAIL, SENTRY, DATABASE, BROKER = PASSWORDS.values()
NEEDLES = {
    **SECRETS,
    **PASSWORDS,
    "the signing key's secret half": SIGNING.split("+", 4)[4],
    "the API key as it is sent": base64.b64encode(
        f"{SECRETS['STACKONE_API_KEY']}:".encode()
    ).decode(),
}
REST = {
    "DESK_DEMO": "",
    "STACKONE_ACCOUNT_ID": "an-account",
    "OIDC_CLIENT_ID": "desk",
    "OIDC_MANAGER_VALUES": "ld",
    # Nothing listens there: the errors about it are searched.
    "OIDC_ISSUER": "http://127.0.0.1:9",
    "PROXY_ISSUER": "idp",
    "PROXY_BESIDE_OIDC": "1",
    "EMAIL_URL": f"smtp+tls://desk:{MAIL}@127.0.0.1:9",
    "SENTRY_DSN": f"http://{SENTRY}@127.0.0.1:9/1",
}


def run_canaries(env, *words):
    """Run a process with the planted secrets and return its output."""
    return subprocess.run(
        [sys.executable, "-m", "tests.planted_secrets", *words],
        cwd=ROOT,
        env=os.environ | SECRETS | REST | env,
        capture_output=True,
        check=False,
    )


@pytest.fixture(scope="module")
def broken():
    """Return the output while database and broker, whose URLs have passwords, are unavailable."""
    env = {
        "DATABASE_URL": f"postgres://desk:{DATABASE}@127.0.0.1:9/desk",
        "CELERY_BROKER_URL": f"redis://:{BROKER}@127.0.0.1:9/0",
    }
    output = run_canaries(env)
    assert output.returncode == 0, output.stderr.decode()
    return {"output": output.stdout, "log": output.stderr}


@pytest.fixture(scope="module")
def everything(tmp_path_factory, shared_lms):
    """Return all output by where it was written."""
    folder = tmp_path_factory.mktemp("canaries")
    database = folder / "desk.sqlite3"
    env = {"STACKONE_BASE_URL": shared_lms.base_url, "DATABASE_URL": f"sqlite:///{database}"}
    output = run_canaries(env, str(folder))
    assert output.returncode == 0, output.stderr.decode()
    with zipfile.ZipFile(folder / "log.zip") as pack:
        parts = {f"pack {name}": pack.read(name) for name in pack.namelist()}
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    return {"output": output.stdout, "log": output.stderr} | files | parts


def places(everything, needle):
    """Return where a text occurs."""
    return [place for place, written in everything.items() if needle.encode() in written]


def test_all_output_is_searched(everything):
    assert places(everything, CONTROL) == ["output", "log"]
    assert "desk.sqlite3" in places(everything, NAME)
    assert {"log.csv", "log.zip"} < set(everything)
    assert b"refused" in everything["output"]
    assert b"127.0.0.1:9 does not respond" in everything["output"]
    assert b"Something went wrong" in everything["output"]
    assert b"The endpoint at 127.0.0.1 did not respond" in everything["output"]


@pytest.mark.parametrize("name", NEEDLES)
def test_no_secret_is_written_anywhere(everything, name):
    assert places(everything, NEEDLES[name]) == []


def test_output_without_services_is_searched(broken):
    assert places(broken, CONTROL) == ["output", "log"]
    # The output names the hosts of both.
    assert b"127.0.0.1" in broken["log"]
    assert b"OperationalError" in broken["log"]
    assert places(broken, "redis://") != []


@pytest.mark.parametrize("name", NEEDLES)
def test_no_secret_is_written_without_services(broken, name):
    assert places(broken, NEEDLES[name]) == []


@pytest.mark.parametrize("needle", [NAME, NAME.split()[0].lower(), EMAIL])
def test_no_person_is_named_in_the_log(everything, needle):
    planted = {place: what for place, what in everything.items() if place in {"output", "log"}}

    assert places(planted, needle) == []
