"""`manage.py prepare`: what a start needs."""

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

pytestmark = pytest.mark.django_db


def test_prepare_leaves_no_migration_to_do():
    call_command("prepare")

    executor = MigrationExecutor(connection)
    assert executor.migration_plan(executor.loader.graph.leaf_nodes()) == []


@pytest.mark.parametrize(
    ("is_debug", "is_collected"),
    [
        pytest.param(False, True, id="served from one folder"),
        pytest.param(True, False, id="served from where they are"),
    ],
)
def test_prepare_collects_static_files(is_debug, is_collected, settings, tmp_path):
    settings.DEBUG = is_debug
    settings.STATIC_ROOT = tmp_path / "static"

    call_command("prepare")

    assert (tmp_path / "static" / "django_htmx").is_dir() is is_collected


@pytest.mark.parametrize(
    ("is_demo", "roles"),
    [
        pytest.param(True, [["admin"], ["auditor"], ["manager"], ["manager"]], id="demo"),
        pytest.param(False, [], id="for real"),
    ],
)
def test_prepare_makes_the_personas_of_a_demo_only(is_demo, roles, settings, tmp_path):
    settings.DESK_DEMO = is_demo
    settings.STATIC_ROOT = tmp_path

    call_command("prepare")
    call_command("prepare")

    assert sorted(get_user_model().objects.values_list("roles", flat=True)) == roles


@pytest.mark.parametrize("command", ["prepare", "worker"])
def test_a_database_of_another_version_is_refused_in_one_sentence(command):
    MigrationRecorder(connection).record_applied("assignments", "0021_call_counts")

    with pytest.raises(CommandError) as refusal:
        call_command(command)

    sentence = str(refusal.value)
    assert sentence.startswith("This version cannot use the database: another one made it")
    assert "Make a new one: " in sentence
    assert "\n" not in sentence
