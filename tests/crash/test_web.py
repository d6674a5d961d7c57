"""The site replaces database connections that a restart of the server broke."""

from pathlib import Path

import pytest

from tests.crash.databases import fresh
from tests.crash.web import Manager, Web
from tests.product_processes import prepared

pytestmark = pytest.mark.processes


def test_site_survives_a_database_restart(tmp_path: Path) -> None:
    with fresh("postgresql", tmp_path) as database:
        assert database.server is not None
        product = prepared(tmp_path / "desk.sqlite3", DATABASE_URL=database.url)
        with Web(product) as web, Manager(web.url) as manager:
            # More often than there are threads, so that each has a connection.
            assert {manager.get("/batches/").status_code for _ in range(12)} == {200}

            # No request in this time: the connections are broken, and the site has not noticed.
            database.server.stop()
            database.server.start()

            assert {manager.get("/batches/").status_code for _ in range(12)} == {200}
