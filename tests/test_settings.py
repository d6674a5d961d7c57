"""The settings reference: code, docs/settings.md and .env.example name the same settings."""

import re
from pathlib import Path

import pytest
from django.core.management import call_command

from dashboard.settings_catalogue import SETTINGS
from tests.environment import env

ROOT = Path(__file__).resolve().parent.parent
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
