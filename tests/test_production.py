"""Installations that anything real depends on: cookies, redirects, keys, debugging and files."""

import json
import os
import stat
import subprocess
import sys
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from dashboard import production
from dashboard.access.doctor import check_site_url
from tests.environment import env
from tests.sandbox_process import ROOT

KEY = "qv7Zt1mXo4Rk9Lw2Yb6Ns8Hd3Pc5Jf0Gae-uTiEyKlWxVrBnMz"
REAL_LMS = {"STACKONE_API_KEY": "v1.eu1.a-key", "STACKONE_ACCOUNT_ID": "an-account"}
ROLES = {"OIDC_MANAGER_VALUES": "staff"}
OIDC = {
    "OIDC_ISSUER": "https://id.example.com",
    "OIDC_CLIENT_ID": "desk",
    "OIDC_CLIENT_SECRET": "a-secret-of-the-provider",
    **ROLES,
}
PROXY = {"PROXY_SECRET": "0123456789abcdef0123456789abcdef", "PROXY_ISSUER": "idp", **ROLES}
GATEWAY = {"STACKONE_BASE_URL": "http://127.0.0.1:9200"}
FLAGS = (
    "SESSION_COOKIE_SECURE",
    "CSRF_COOKIE_SECURE",
    "SECURE_SSL_REDIRECT",
    "SESSION_COOKIE_NAME",
    "CSRF_COOKIE_NAME",
    "SECURE_HSTS_SECONDS",
)
PRODUCTION = [True, True, True, "__Host-session", "__Host-csrf", 31_536_000]
SHOW = f"""
import json
from django.conf import settings
print(json.dumps([getattr(settings, name) for name in {FLAGS}]))
"""
MAKE_FILES = """
import os, pathlib, django
django.setup()
from django.core.management import call_command
call_command("prepare", verbosity=0)
folder = pathlib.Path(os.environ["FOLDER"])
(folder / "made").mkdir()
(folder / "made" / "upload.csv").write_text("")
"""


def run(code: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run code with the product's own settings, and these variables only."""
    hidden = dict.fromkeys((*REAL_LMS, *OIDC, *PROXY, "SECRET_KEY", "DESK_DEMO", "DEBUG"), "")
    own = {"DJANGO_SETTINGS_MODULE": "dashboard.settings", "DATABASE_URL": "sqlite://:memory:"}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | hidden | GATEWAY | own | variables,
        capture_output=True,
        text=True,
        check=False,
        umask=0o022,
    )


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        pytest.param({**REAL_LMS, "SECRET_KEY": KEY}, PRODUCTION, id="a real key by a gateway"),
        pytest.param({**OIDC, "SECRET_KEY": KEY}, PRODUCTION, id="OpenID Connect on the sandbox"),
        pytest.param({**PROXY, "SECRET_KEY": KEY}, PRODUCTION, id="a proxy on the sandbox"),
        pytest.param(
            {"DESK_DEMO": "1"},
            [False, False, False, "sessionid", "csrftoken", 0],
            id="the demo",
        ),
    ],
)
def test_cookies_and_redirects_depend_on_the_mode(
    variables: dict[str, str], expected: list[object]
) -> None:
    process = run(SHOW, **variables)

    assert process.stderr == ""
    assert json.loads(process.stdout) == expected


@pytest.mark.parametrize("mode", [REAL_LMS, OIDC, PROXY], ids=["a key", "OIDC", "a proxy"])
@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        pytest.param({}, "SECRET_KEY is not set", id="no key"),
        pytest.param({"SECRET_KEY": "short"}, "SECRET_KEY has fewer than 50", id="a short key"),
        pytest.param({"SECRET_KEY": KEY, "DEBUG": "1"}, "Unset DEBUG", id="debugging"),
        pytest.param(
            {"SECRET_KEY": KEY, "SECRET_KEY_FALLBACKS": f"{KEY},old"},
            "SECRET_KEY_FALLBACKS has fewer than 50",
            id="a short fallback",
        ),
    ],
)
def test_an_unsafe_setting_stops_the_start(
    mode: dict[str, str], variables: dict[str, str], sentence: str
) -> None:
    process = run(SHOW, **mode, **variables)

    assert process.returncode == 1
    assert sentence in process.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(production.SANDBOX_SECRET_KEY, id="the demo's"),
        pytest.param("x" * 60, id="one character"),
        pytest.param("0123456789" * 6, id="repeated digits"),
        pytest.param("sEcr3t-k3y!" * 5, id="a repeated word"),
        pytest.param("django-insecure-" + KEY, id="of a new Django project"),
        pytest.param("changeme-" + KEY, id="a placeholder"),
        pytest.param("ab" * 25 + "cdef", id="few characters"),
        pytest.param(KEY[:49], id="too short by one"),
    ],
)
def test_a_key_that_can_be_guessed_is_refused_without_quoting_it(key: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="random characters") as stop:
        production.secret_key(env(SECRET_KEY=key), is_production=True)

    assert key not in str(stop.value)
    assert production.secret_key(env(SECRET_KEY=key), is_production=False) == key


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(KEY, id="letters and digits"),
        pytest.param("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", id="hex"),
        pytest.param("31415926535897932384626433832795028841971693993751", id="digits"),
    ],
)
def test_a_random_key_is_accepted(key: str) -> None:
    assert production.secret_key(env(SECRET_KEY=key), is_production=True) == key


def test_files_are_readable_by_the_own_user_only(tmp_path: Any) -> None:
    database = tmp_path / "desk.sqlite3"

    process = run(
        MAKE_FILES, DESK_DEMO="1", DATABASE_URL=f"sqlite:///{database}", FOLDER=str(tmp_path)
    )

    assert process.returncode == 0, process.stderr
    made = [path for path in tmp_path.rglob("*") if stat.S_IMODE(path.stat().st_mode) & 0o077]
    assert database.exists()
    assert made == []


def test_the_doctor_names_an_address_without_tls(settings: Any) -> None:
    settings.IS_PRODUCTION, settings.SITE_URL = True, "http://desk.example.com"
    is_fine, sentence = check_site_url()
    assert not is_fine
    assert "Set it to the address of the reverse proxy" in sentence

    settings.SITE_URL = "https://desk.example.com"
    assert check_site_url() == (True, "https://desk.example.com")
