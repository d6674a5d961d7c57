"""Sign-in settings, secrets from files, and redaction of secrets in error reports."""

import json

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from dashboard import environment, sign_in_settings
from dashboard.access import doctor, oidc
from dashboard.access.error_report_filter import ErrorReportFilter
from dashboard.access.token_encryption import decrypt_tokens, encrypt_tokens
from dashboard.settings_catalogue import SECRETS
from tests.environment import env

SETTINGS = {
    "OIDC_ISSUER": "https://id.example/realm/",
    "OIDC_CLIENT_ID": "desk",
    "OIDC_CLIENT_SECRET": "s",
    "OIDC_MANAGER_VALUES": "ld, ld-eu",
}


def test_the_issuer_is_read_without_its_last_slash():
    assert sign_in_settings.oidc_issuer(env(**SETTINGS), demo=False) == "https://id.example/realm"
    assert sign_in_settings.oidc_issuer(env(), demo=True) == ""
    assert sign_in_settings.text_list(env(**SETTINGS), "OIDC_MANAGER_VALUES") == [
        "ld",
        "ld-eu",
    ]


@pytest.mark.parametrize(
    ("change", "demo", "sentence"),
    [
        pytest.param({}, True, "DESK_DEMO and OIDC_ISSUER are both set", id="demo"),
        pytest.param({"OIDC_ISSUER": "http://id.example"}, False, "https://", id="open line"),
        pytest.param({"OIDC_CLIENT_ID": ""}, False, "OIDC_CLIENT_ID is not set", id="no client"),
        pytest.param({"OIDC_CLIENT_SECRET": ""}, False, "SECRET is not set", id="no secret"),
        pytest.param({"OIDC_MANAGER_VALUES": ""}, False, "nobody would have a role", id="no role"),
        pytest.param({"OIDC_ISSUER": ""}, False, "OIDC_ISSUER is not", id="no issuer"),
    ],
)
def test_contradictory_settings_stop_the_start(change, demo, sentence):
    with pytest.raises(ImproperlyConfigured, match=sentence):
        sign_in_settings.oidc_issuer(env(**(SETTINGS | change)), demo=demo)


def test_account_groups_are_parsed():
    environ = env(ACCOUNT_GROUPS="one=ld-eu|ld, two=ld-us")

    assert sign_in_settings.account_groups(environ, accounts=["one", "two", "three"]) == {
        "one": ["ld-eu", "ld"],
        "two": ["ld-us"],
    }


def test_groups_with_commas_are_written_as_a_json_list():
    learning, staff = "CN=Learning,OU=Groups,DC=example", "CN=Smith\\, John,DC=example"
    environ = env(
        OIDC_MANAGER_VALUES=json.dumps([learning, f" {staff} ", ""]),
        ACCOUNT_GROUPS=json.dumps([f"one={learning}|{staff}"]),
    )

    assert sign_in_settings.text_list(environ, "OIDC_MANAGER_VALUES") == [learning, staff]
    groups = sign_in_settings.account_groups(environ, accounts=["one"])
    assert groups == {"one": [learning, staff]}


@pytest.mark.parametrize("text", ["[", "[1]", '["a"', '["a", null]', "[a, b]"])
def test_an_unreadable_list_of_groups_stops_the_start(text):
    with pytest.raises(ImproperlyConfigured, match="OIDC_ADMIN_VALUES begins like JSON"):
        sign_in_settings.text_list(env(OIDC_ADMIN_VALUES=text), "OIDC_ADMIN_VALUES")


@pytest.mark.parametrize("text", ["four=ld", "one", "one=|"])
def test_invalid_account_groups_stop_the_start(text):
    with pytest.raises(ImproperlyConfigured, match="ACCOUNT_GROUPS has"):
        sign_in_settings.account_groups(env(ACCOUNT_GROUPS=text), accounts=["one"])


@pytest.mark.parametrize("name", SECRETS)
def test_every_secret_may_be_in_a_file(tmp_path, name):
    file = tmp_path / "secret"
    file.write_text("from-the-file\n")

    assert environment.secrets_from_files({f"{name}_FILE": str(file)}) == {name: "from-the-file"}


def test_an_unusable_secret_file_stops_the_start(tmp_path):
    (tmp_path / "empty").write_text(" \n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\xfa")
    file = {"SECRET_KEY_FILE": str(tmp_path / "empty")}

    with pytest.raises(ImproperlyConfigured, match="both set"):
        environment.secrets_from_files(file | {"SECRET_KEY": "x"})
    with pytest.raises(ImproperlyConfigured, match="which is empty"):
        environment.secrets_from_files(file)
    with pytest.raises(ImproperlyConfigured, match="No such file"):
        environment.secrets_from_files({"SECRET_KEY_FILE": str(tmp_path / "none")})
    with pytest.raises(ImproperlyConfigured, match="it is not text"):
        environment.secrets_from_files({"SECRET_KEY_FILE": str(tmp_path / "binary")})


def test_error_reports_mask_every_secret(settings):
    settings.OIDC_CLIENT_SECRET = "canary-1"
    settings.CELERY_BROKER_URL = "redis://:canary-2@host/0"
    settings.DATABASES["default"]["PASSWORD"] = "canary-3"
    settings.STACKONE_API_KEY = "canary-4"
    settings.SECRET_KEY = "canary-5"

    shown = str(ErrorReportFilter().get_safe_settings())

    assert "OIDC_CLIENT_SECRET" in shown
    assert "canary" not in shown
    settings.DATABASES["default"].pop("PASSWORD")


def test_tokens_cannot_be_read_without_the_secret_key(settings):
    kept = encrypt_tokens({"refresh_token": "canary"})

    assert "canary" not in kept
    assert decrypt_tokens(kept) == {"refresh_token": "canary"}
    settings.SECRET_KEY = "another"
    assert decrypt_tokens(kept) == {}


def test_the_doctor_asks_the_provider(company):
    assert doctor.check_sign_in() == (
        True,
        f"{company.url} responds; sessions are confirmed every 10 minutes by a refresh token",
    )


def test_the_doctor_reports_problems_of_the_provider(company, settings):
    company.metadata = {"id_token_signing_alg_values_supported": ["none"]}
    assert "offers no safe signature algorithm" in doctor.check_sign_in()[1]
    oidc.provider.cache_clear()
    company.metadata = {"issuer": "https://evil.example"}
    assert "is no OpenID Connect issuer" in doctor.check_sign_in()[1]
    company.is_down = True
    assert "does not respond well" in doctor.check_sign_in()[1]
    settings.OIDC_ISSUER = ""
    assert doctor.check_sign_in() == (
        False,
        "Nobody can sign in. Set OIDC_ISSUER or PROXY_SECRET, or DESK_DEMO=1 to try the product.",
    )


@pytest.mark.django_db
def test_the_doctor_shows_no_secret(company, settings, capsys):
    settings.OIDC_CLIENT_SECRET = "canary-of-the-client"
    with pytest.raises(CommandError):
        call_command("doctor", "--json")

    message = capsys.readouterr().out
    assert "sign-in" in {finding["name"] for finding in json.loads(message)}
    assert "canary" not in message
