"""Fixtures and hooks of all tests: the database, the clock and the profiles of hypothesis."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
import time_machine
from django.db import connection, connections
from hypothesis import settings as hypothesis

pytest_plugins = ["tests.identity_fixtures", "tests.live", "tests.log_fixtures"]

# Fixtures that run the sandbox LMS.
SANDBOX_FIXTURES = {"lms", "sandbox", "shared_lms"}
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)

# A test run finds the same each time; `make fuzz` explores.
hypothesis.register_profile("same", deadline=None, derandomize=True, print_blob=True)
hypothesis.register_profile("explore", deadline=None)
hypothesis.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests that use the database or the sandbox LMS, so that `-m` can select them.

    Tests of a browser or of several workers are run by one process for each module, so that its
    browser or its servers start once.
    """
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if item.get_closest_marker("browser") or item.get_closest_marker("scale_out"):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
        if item.get_closest_marker("django_db") or fixtures & {"db", "transactional_db"}:
            item.add_marker("database")
        if fixtures & SANDBOX_FIXTURES:
            item.add_marker("sandbox")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Give each process its own SQLite file; on PostgreSQL, names differ by process already."""
    if connection.vendor == "sqlite":
        test = connections.settings["default"]["TEST"]
        test["NAME"] = str(tmp_path_factory.mktemp("database") / "desk.sqlite3")


@pytest.fixture
def database_url(transactional_db: None) -> str:
    """Return the DATABASE_URL of the test's database for other processes."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Stop the clock at NOON; `clock.shift(seconds)` moves it."""
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True, scope="module")
def restart_numbers_of_shared_rows() -> None:
    """Restart the numbers in names of rows that a module's tests share, made before each test's."""
    _restart_numbers()


@pytest.fixture(autouse=True)
def restart_name_numbers() -> None:
    """Restart the numbers in generated names, so that they do not depend on earlier tests."""
    _restart_numbers()


@pytest.fixture(autouse=True)
def clear_cache() -> None:
    """Clear the cache, so that no count of another test is shown."""
    from django.core.cache import cache  # noqa: PLC0415  once Django is set up

    cache.clear()


def _restart_numbers() -> None:
    # Imported late: the models it uses exist only once Django is set up.
    from tests.factories import restart_numbers  # noqa: PLC0415

    restart_numbers()
