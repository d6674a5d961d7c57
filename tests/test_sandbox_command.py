"""`manage.py sandbox`: its flags, its output and how it stops."""

import signal
import socket
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.sandbox_process import running_sandbox, start_sandbox
from tests.waiting import HANG_SECONDS


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        (["--learners", "0"], "--learners must be at least 1."),
        (["--content", "-5"], "--content must be at least 1."),
        (["--latency-ms", "-1"], "--latency-ms must be at least 0."),
        (["--requests-per-minute", "-1"], "--requests-per-minute must be at least 0."),
        (["--port", "70000"], "--port must be at most 65535."),
        (["--faults", "500"], "--faults must look like 500=0.1,reset-after=0.05."),
        (["--faults", "500=often"], "--faults must look like 500=0.1,reset-after=0.05."),
        (["--faults", "500=1.5"], "The share of 500 must be between 0 and 1, not 1.5."),
        (["--faults", "500=nan"], "The share of 500 must be between 0 and 1, not nan."),
        (
            ["--faults", "500=0.9,502=0.9"],
            "The shares of all faults together must not exceed 1.",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_sandbox_refuses_invalid_flags(flags: list[str], problem: str) -> None:
    with pytest.raises(CommandError) as refusal:
        call_command("sandbox", *flags)

    assert str(refusal.value) == problem


def test_sandbox_says_what_to_install_without_its_dependencies(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "assignments.stackone.sandbox.server", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)

    with pytest.raises(CommandError) as refusal:
        call_command("sandbox")

    assert str(refusal.value) == (
        "The sandbox LMS needs uvicorn, which is not in requirements/app.txt: "
        "install requirements/dev.txt, as `make setup` does."
    )


@pytest.mark.sandbox
def test_sandbox_prints_when_it_is_ready() -> None:
    process = start_sandbox(learners=1234, content=30)
    with process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.terminate()
        rest, problems = process.communicate(timeout=HANG_SECONDS)

    address = line.split()[4]
    assert line == f"Sandbox LMS ready at {address} (1,234 learners, 30 content items)\n"
    assert (process.returncode, rest, problems) == (0, "", "")


@pytest.mark.sandbox
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_sandbox_stops_even_while_a_client_waits(number: signal.Signals) -> None:
    with running_sandbox() as sandbox, sandbox.client() as client:
        user = client.get("/unified/lms/users").json()["data"][0]["id"]
        sandbox.set_faults(script=["hang"])
        with sandbox.send_create(user) as waiting:
            waiting.settimeout(0.2)
            with pytest.raises(TimeoutError):
                waiting.recv(1)

            assert sandbox.stop(number) == 0
            assert sandbox.process.communicate() == ("", "")


@pytest.mark.sandbox
def test_sandbox_reports_that_its_port_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = start_sandbox(port=port)
        output = process.communicate(timeout=HANG_SECONDS)

    problem = f"Port {port} of 127.0.0.1 cannot be used: Address already in use.\n"
    assert (process.returncode, *output) == (1, "", problem)


@pytest.mark.sandbox
def test_sandbox_refuses_a_file_made_with_other_options(tmp_path: Path) -> None:
    file = tmp_path / "lms.sqlite3"
    with running_sandbox(db=file, learners=20):
        pass

    process = start_sandbox(db=file, learners=30)
    output = process.communicate(timeout=HANG_SECONDS)

    made = "--seed 1 --learners {} --content 40"
    problem = f"{file} was made with {made.format(20)}, not {made.format(30)}.\n"
    assert (process.returncode, *output) == (1, "", problem)


@pytest.mark.sandbox
@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param(b"not a database" * 100, "file is not a database", id="other content"),
        pytest.param(None, "unable to open database file", id="no such folder"),
    ],
)
def test_sandbox_refuses_a_file_it_cannot_use(
    tmp_path: Path, content: bytes | None, problem: str
) -> None:
    file = tmp_path / ("lms.sqlite3" if content else "missing/lms.sqlite3")
    if content:
        file.write_bytes(content)

    process = start_sandbox(db=file)
    output = process.communicate(timeout=HANG_SECONDS)

    assert (process.returncode, *output) == (1, "", f"{file} cannot be used: {problem}.\n")
