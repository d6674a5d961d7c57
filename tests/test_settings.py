"""The settings reference: code, docs/settings.md and .env.example name the same settings."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command

from dashboard import environment
from dashboard.settings_catalogue import SETTINGS
from tests.environment import env

ROOT = Path(__file__).resolve().parent.parent
# What people mistype, and what text functions of libraries stumble over: each kind is one value.
MISTAKES = [
    "$x",
    "\\$x",
    "sure",
    "-1",
    "1.5",
    "[",
    "\x01",
    "https://",
    "https://[::1",
    "https://a..b",
    "https://a:99999",
    "postgres://u:p@h:port/n",
    "syslog+tls://a..b:6514",
]
READ_MISTAKES = f"""
import os
from importlib import reload
from django.core.exceptions import ImproperlyConfigured
from dashboard import settings
from dashboard.settings_catalogue import SETTINGS
for name in SETTINGS:
    for value in {MISTAKES!r}:
        os.environ[name] = value
        try:
            reload(settings)
        except ImproperlyConfigured:
            pass
        except Exception as error:
            print(name, repr(value), type(error).__name__, error)
        del os.environ[name]
"""
EXAMPLE = re.findall(r"^#? ?([A-Z_]+)=(.*)", (ROOT / ".env.example").read_text(), re.MULTILINE)


def test_the_settings_page_is_up_to_date(capsys):
    call_command("settings_reference")

    assert capsys.readouterr().out == (ROOT / "docs/settings.md").read_text()


def test_env_example_names_every_setting():
    assert sorted(name for name, _ in EXAMPLE) == sorted(SETTINGS)


@pytest.mark.parametrize(("name", "value"), EXAMPLE, ids=[name for name, _ in EXAMPLE])
def test_env_example_shows_the_default(name, value):
    default = SETTINGS[name].default

    if default not in {"", None}:
        assert value == (str(default).lower() if isinstance(default, bool) else str(default))


def test_every_setting_of_the_catalogue_is_read():
    files = [path for path in (ROOT / "dashboard").glob("*.py") if "catalogue" not in path.name]
    sources = "".join(path.read_text() for path in files)

    assert [name for name in SETTINGS if f'"{name}"' not in sources] == []


def test_a_setting_that_is_not_in_the_catalogue_cannot_be_read():
    with pytest.raises(KeyError):
        env(UNDOCUMENTED="1").str("UNDOCUMENTED")


def test_a_mistake_in_any_setting_is_accepted_or_refused_with_a_sentence():
    # Reading a file of authorities takes longer than all of the settings.
    variables = {"DESK_DEMO": "1", "DATABASE_URL": "sqlite://:memory:", "SSL_CERT_FILE": ""}
    process = subprocess.run(
        [sys.executable, "-c", READ_MISTAKES],
        cwd=ROOT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (process.stdout, process.stderr) == ("", "")


@pytest.mark.parametrize("secret", ["$ecret-of-the-provider", r"a\$b", "#x y=", "'quoted'"])
def test_a_secret_may_have_any_character(secret):
    assert env(OIDC_CLIENT_SECRET=secret).str("OIDC_CLIENT_SECRET") == secret


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1", True), ("True", True), ("on ", True), ("0", False), ("No", False), ("off", False)],
)
def test_a_setting_that_is_on_or_off_is_read(text, expected):
    assert env(DEBUG=text).bool("DEBUG") is expected


@pytest.mark.parametrize("text", ["sure", "flase", "2", "none"])
def test_another_word_for_on_or_off_stops_the_start(text):
    with pytest.raises(ImproperlyConfigured, match="Set it to true or false"):
        env(TLS_STRICT_CERTIFICATES=text).bool("TLS_STRICT_CERTIFICATES")


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("desk.example.com", id="no scheme"),
        pytest.param("ftp://127.0.0.1", id="another scheme"),
        pytest.param("https://", id="no host"),
        pytest.param("https://desk..example.com", id="an empty label"),
        pytest.param("https://[::1", id="half a bracket"),
        pytest.param("https://desk.example.com:99999", id="no port"),
        pytest.param("https://user:pa55word@desk.example.com", id="a password"),
        pytest.param("https://desk.example.com/?a=b", id="a query"),
    ],
)
def test_an_incomplete_web_address_is_refused_without_quoting_it(url):
    with pytest.raises(ImproperlyConfigured, match="SITE_URL is not a complete web") as stop:
        environment.checked_url("SITE_URL", url)

    assert not {"desk", "127", "pa55word"} & set(re.findall(r"\w+", str(stop.value)))
