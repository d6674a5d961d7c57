"""The commands `backup` and `restore` on both engines."""

import io
import os
import stat
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from assignments.audit.entries.actors import SYSTEM
from assignments.audit.seals.sealing import make_seal
from assignments.management import database_backup
from assignments.models import LogEntry
from tests import postgres
from tests.crash.tables import Tables
from tests.factories import AT, make_account
from tests.log_fixtures import write_log
from tests.sandbox_process import ROOT
from tests.waiting import wait_until


@pytest.fixture(autouse=True)
def server_programs(monkeypatch):
    """Put PostgreSQL's client programs of the server's version on the PATH."""
    monkeypatch.setenv("PATH", f"{postgres.client_programs()}:{os.environ['PATH']}")


@pytest.fixture
def empty_url(database_url, tmp_path):
    """Return the DATABASE_URL of an empty database."""
    if connection.vendor == "sqlite":
        return f"sqlite:///{tmp_path / 'restored.sqlite3'}"
    name = f"restored_{os.getpid()}"
    with psycopg.connect(database_url, autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name}".encode())
        server.execute(f"CREATE DATABASE {name}".encode())
    return database_url.replace(str(connection.settings_dict["NAME"]), name)


def manage(*words, **env):
    """Run a command in a new process and return its result."""
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=os.environ | env,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_restored_database_is_complete_verifies_and_is_paused(database_url, empty_url, tmp_path):
    make_account()
    write_log(4)
    seals = tmp_path / "seals"
    make_seal(reason="request", by=SYSTEM, now=AT)
    copy = tmp_path / "desk.backup"
    call_command("backup", copy, stdout=io.StringIO())
    here = {"DATABASE_URL": empty_url, "AUDIT_SEAL_DIR": str(seals)}

    restored = manage("restore", str(copy), **here)
    again = manage("restore", str(copy), **here)
    verified = manage("audit", "verify", **here)

    assert (restored.returncode, restored.stdout[:29]) == (0, "Restored. Sending is paused: ")
    assert (again.returncode, "is not empty" in again.stderr) == (1, True)
    assert (verified.returncode, verified.stdout[:20]) == (0, "Intact up to seal 1:")
    tables = Tables(empty_url)
    assert tables.value("SELECT pause_reason FROM assignments_account").startswith(
        "The database was"
    )
    actions = [
        row[0] for row in tables.rows("SELECT action FROM assignments_logentry ORDER BY seq")
    ]
    before = list(LogEntry.objects.order_by("seq").values_list("action", flat=True))
    assert actions == [*before, "account.paused", "log.verified"]
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600


@contextmanager
def concurrent_writes(url):
    """Insert pairs of rows during the block; yield a list with one element per pair."""
    written: list[int] = []
    is_over = threading.Event()
    pair = (
        "INSERT INTO assignments_worker (name, seen_at) VALUES ('{0} a', '{1}'), ('{0} b', '{1}')"
    )

    def write():
        while not is_over.is_set():
            Tables(url).change(pair.format(len(written), AT.isoformat()))
            written.append(1)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield written
    finally:
        is_over.set()
        writer.join()


@pytest.mark.slow
def test_backup_is_consistent_under_concurrent_writes(database_url, empty_url, tmp_path):
    with concurrent_writes(database_url) as written:
        wait_until(lambda: len(written) >= 3, "something is written")
        before = len(written)
        database_backup.save(tmp_path / "copy")
        after = len(written)

    assert manage("restore", str(tmp_path / "copy"), DATABASE_URL=empty_url).returncode == 0
    held = Tables(empty_url).value("SELECT COUNT(*) FROM assignments_worker")
    assert held % 2 == 0
    assert 2 * before <= held <= 2 * (after + 1)


@pytest.mark.django_db
def test_backup_never_overwrites_a_file(tmp_path):
    (tmp_path / "there").write_text("mine")

    with pytest.raises(CommandError, match=r"exists already\. Name another file"):
        call_command("backup", tmp_path / "there")
    assert (tmp_path / "there").read_text() == "mine"


@pytest.mark.django_db
def test_restore_refuses_a_missing_file(tmp_path):
    with pytest.raises(CommandError, match=r"does not exist\. Name a file"):
        call_command("restore", tmp_path / "nothing")


@pytest.mark.django_db
def test_restore_refuses_a_damaged_backup(tmp_path, monkeypatch):
    (tmp_path / "torn").write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    monkeypatch.setattr(connection.introspection, "table_names", list)
    monkeypatch.setattr(connection, "close", lambda: None)

    with pytest.raises(CommandError, match=r"is not a complete copy|pg_restore failed"):
        database_backup.restore(Path(tmp_path / "torn"))


@pytest.fixture
def programs(db, tmp_path, monkeypatch):
    """Return an empty folder that is the whole PATH, for fake PostgreSQL programs."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite needs no program.")
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_backup_names_a_missing_program(programs, tmp_path):
    with pytest.raises(CommandError, match=r"pg_dump is not installed\. Install PostgreSQL"):
        database_backup.save(tmp_path / "copy")


def test_backup_reports_why_a_program_failed(programs, tmp_path):
    (programs / "pg_dump").write_text("#!/bin/sh\necho no such role >&2\nexit 1\n")
    (programs / "pg_dump").chmod(0o700)

    with pytest.raises(CommandError, match=r"pg_dump failed: no such role"):
        database_backup.save(tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_backup_passes_the_password_only_in_the_environment(programs, tmp_path, monkeypatch):
    (programs / "pg_dump").write_text('#!/bin/sh\necho "$@ ($PGPASSWORD)" >&2\nexit 1\n')
    (programs / "pg_dump").chmod(0o700)
    monkeypatch.setitem(connection.settings_dict, "PASSWORD", "pa55-word")

    with pytest.raises(CommandError, match=r"failed: --dbname=.* \(pa55-word\)$"):
        database_backup.save(tmp_path / "copy")
