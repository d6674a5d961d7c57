"""Start all processes on this machine: `prepare`, then the processes of the Procfile."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from dashboard import environment

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"


class PortInUse(Exception):
    """Another process listens on the port."""


def main() -> int:
    """Run web, worker and, without another LMS, the sandbox until Ctrl-C; return the exit code."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    try:
        ports = ports_to_open()
        for name, port in ports.items():
            refuse_if_in_use(name, port)
        django.setup()
        call_command("prepare")
    except (ImproperlyConfigured, CommandError, PortInUse) as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return run(ports)


def ports_to_open() -> dict[str, int]:
    """Return the ports by environment variable; without a sandbox if an LMS is configured."""
    env = environment.read_environment(ROOT)
    ports = {"PORT": environment.port(env, "PORT")}
    if "SITE_URL" not in env.ENVIRON:
        # The runner gives each process another PORT; only the web process has this one.
        os.environ["SITE_URL"] = f"http://{HOST}:{ports['PORT']}"
    if not {"STACKONE_API_KEY", "STACKONE_BASE_URL"} & env.ENVIRON.keys():
        ports["SANDBOX_PORT"] = environment.port(env, "SANDBOX_PORT")
        os.environ["STACKONE_BASE_URL"] = f"http://{HOST}:{ports['SANDBOX_PORT']}"
    return ports


def refuse_if_in_use(name: str, port: int) -> None:
    """Check that the port is free.

    :raises PortInUse: with the command that uses another port
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise PortInUse(
                f"Port {port} is in use. Use another one: make run {name}={port + 1}"
            ) from error


def run(ports: Mapping[str, int]) -> int:
    """Run the processes until one ends or a stop signal; return the exit code, 0 after a signal."""
    names = ["web", "worker", *(["sandbox"] if "SANDBOX_PORT" in ports else [])]
    runner = subprocess.Popen(
        [sys.executable, "-m", "honcho", "--env", os.devnull, "start", *names],
        cwd=ROOT,
        env=os.environ
        | {name: str(port) for name, port in ports.items()}
        | {
            "PYTHONUNBUFFERED": "1",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        },
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: runner.terminate())
    if all(is_listening(runner, port) for port in ports.values()):
        where = location(ports["PORT"], is_production=settings.IS_PRODUCTION)
        sys.stdout.write(f"\nAssignment Desk {where}  (Ctrl-C stops)\n\n")
        sys.stdout.flush()
    code = runner.wait()
    return 0 if code in {128 + signal.SIGINT, 128 + signal.SIGTERM} else code


def location(port: int, *, is_production: bool) -> str:
    """Return where people find the site, as the end of a sentence."""
    if is_production:
        return (
            f"waits at http://{HOST}:{port} for a reverse proxy with TLS: people reach it by HTTPS "
            "only, see docs/operators.md"
        )
    return f"is at http://{HOST}:{port}"


def is_listening(runner: subprocess.Popen[bytes], port: int) -> bool:
    """Wait until a process listens on the port; return False if the processes end first."""
    while runner.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return True
        time.sleep(0.1)
    return False


if __name__ == "__main__":
    sys.exit(main())
