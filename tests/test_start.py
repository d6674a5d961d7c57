"""`make run`: preparation, errors that stop it, and that it stops all its processes."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from dashboard import start
from tests.reaper import end_with_this_process
from tests.waiting import HANG_SECONDS

PROCFILE = """\
web: exec python -m http.server --bind 127.0.0.1 $PORT
worker: exec sleep 60
sandbox: exec python -m http.server --bind 127.0.0.1 $SANDBOX_PORT
"""


@pytest.fixture
def taken_port() -> Iterator[int]:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        yield listener.getsockname()[1]


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return int(listener.getsockname()[1])


def launch(folder: Path, procfile: str, env: dict[str, str]) -> subprocess.Popen[str]:
    (folder / "Procfile").write_text(procfile)
    own = {
        "DATABASE_URL": f"sqlite:///{folder / 'desk.sqlite3'}",
        "DEBUG": "1",
        "DJANGO_SETTINGS_MODULE": "dashboard.settings",
        "PROCFILE": str(folder / "Procfile"),
        "STACKONE_BASE_URL": "",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "dashboard.start"],
        cwd=start.ROOT,
        env=os.environ | own | env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    end_with_this_process(process.pid)
    return process


def test_start_names_the_port_in_use_and_how_to_use_another(taken_port, monkeypatch, capsys):
    monkeypatch.setenv("PORT", str(taken_port))
    monkeypatch.setenv("SANDBOX_PORT", str(free_port()))
    monkeypatch.setenv("STACKONE_BASE_URL", "")
    monkeypatch.setenv("SITE_URL", "")

    code = start.main()

    assert (code, capsys.readouterr().err) == (
        1,
        f"Port {taken_port} is in use. Use another one: make run PORT={taken_port + 1}\n",
    )


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("eighty", "PORT is not a whole number. Set it to 1 or more."),
        ("0", "PORT is 0. Set it to 1 or more."),
        ("80000", "PORT is 80000. Set it to 65535 or less."),
    ],
)
def test_start_names_the_wrong_setting(monkeypatch, capsys, value, sentence):
    monkeypatch.setenv("PORT", value)

    code = start.main()

    assert (code, capsys.readouterr().err) == (1, f"{sentence}\n")


@pytest.mark.parametrize(
    ("env", "ports"),
    [
        pytest.param({}, {"PORT": 8000, "SANDBOX_PORT": 9100}, id="nothing set"),
        pytest.param({"PORT": "81"}, {"PORT": 81, "SANDBOX_PORT": 9100}, id="another port"),
        pytest.param({"STACKONE_API_KEY": "a-key"}, {"PORT": 8000}, id="a real LMS"),
        pytest.param(
            {"STACKONE_BASE_URL": "http://127.0.0.1:9200"}, {"PORT": 8000}, id="another sandbox"
        ),
    ],
)
def test_ports_to_open_without_another_lms_include_the_sandbox(env, ports, monkeypatch):
    for name in ("PORT", "SANDBOX_PORT", "SITE_URL", "STACKONE_API_KEY", "STACKONE_BASE_URL"):
        monkeypatch.setenv(name, env.get(name, ""))

    assert start.ports_to_open() == ports


@pytest.mark.processes
@pytest.mark.parametrize("site_url", ["", "https://desk.example.com"])
def test_the_worker_writes_links_to_the_site(tmp_path, site_url):
    port = free_port()
    env = {"PORT": str(port), "SANDBOX_PORT": str(free_port()), "SITE_URL": site_url}
    worker_command = "python -c 'from django.conf import settings; print(settings.SITE_URL)'"

    with launch(tmp_path, PROCFILE.replace("exec sleep 60", worker_command), env) as started:
        output, _ = started.communicate(timeout=HANG_SECONDS)

    assert f"worker.1  | {site_url or f'http://127.0.0.1:{port}'}\n" in output


@pytest.mark.processes
def test_start_prints_the_url_and_stops_everything(tmp_path):
    ports = {"PORT": str(free_port()), "SANDBOX_PORT": str(free_port())}

    with launch(tmp_path, PROCFILE, ports) as started:
        assert started.stdout is not None
        line = next(line for line in started.stdout if "Assignment Desk" in line)
        started.send_signal(signal.SIGTERM)
        rest, _ = started.communicate(timeout=HANG_SECONDS)

    assert line == f"Assignment Desk is at http://127.0.0.1:{ports['PORT']}  (Ctrl-C stops)\n"
    assert started.returncode == 0
    assert set(re.findall(r"(\w+)\.1 stopped", rest)) == {"web", "worker", "sandbox"}
    for port in ports.values():
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", int(port)), timeout=1)


@pytest.mark.processes
def test_start_says_that_people_need_https_where_anything_real_depends_on_the_site():
    where = start.location(8000, is_production=True)

    assert where.startswith("waits at http://127.0.0.1:8000 for a reverse proxy with TLS")


def test_start_fails_when_a_process_fails(tmp_path):
    ports = {"PORT": str(free_port()), "SANDBOX_PORT": str(free_port())}
    broken = PROCFILE.replace("exec sleep 60", "exit 3")

    with launch(tmp_path, broken, ports) as started:
        started.communicate(timeout=HANG_SECONDS)

    assert started.returncode == 3


@pytest.mark.processes
def test_start_needs_a_reachable_database(tmp_path):
    ports = {"PORT": str(free_port()), "SANDBOX_PORT": str(free_port())}

    nowhere = {"DATABASE_URL": f"postgres://desk@127.0.0.1:{free_port()}/desk"}

    with launch(tmp_path, PROCFILE, nowhere | ports) as started:
        output, _ = started.communicate(timeout=HANG_SECONDS)

    assert started.returncode == 1
    assert re.fullmatch(r"Check DATABASE_URL, its database failed: connection .* refused\n", output)
