"""The files in deploy/ are valid, match the Procfile and name only existing settings."""

import json
import re
import shutil
import subprocess
import tomllib

import pytest
import yaml

from tests import advisories
from tests.sandbox_process import ROOT
from tests.settings import EXAMPLE

DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
PROCFILE = yaml.safe_load((ROOT / "Procfile").read_text())
LONGEST_CALL_SECONDS = 65
SITE = "granian --interface wsgi"


def flags(command):
    """Return the flags of a command, without its address and timeouts for stopping."""
    words = command.split(SITE)[1].split()
    pairs = re.findall(r"--[\w-]+(?: [\w.]+)?", " ".join(words[:-1]))
    return {pair for pair in pairs if not pair.startswith(("--host", "--port", "--workers-kill"))}


def unit(name):
    """Return the settings of a systemd unit; the last one of a name wins."""
    text = (DEPLOY / f"assignment-desk-{name}.service").read_text()
    return dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE))


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="There is no systemd here.")
def test_systemd_units_are_valid(tmp_path):
    for path in UNITS:
        (tmp_path / path.name).write_text(
            path.read_text().replace("/opt/assignment-desk", str(ROOT))
        )

    process = subprocess.run(
        ["systemd-analyze", "verify", *tmp_path.iterdir()],
        capture_output=True,
        text=True,
        check=False,
    )

    assert len(UNITS) == 2
    assert (process.returncode, process.stderr) == (0, "")


def test_web_command_is_the_same_in_all_deployments():
    image = (DEPLOY / "Dockerfile").read_text()
    command = " ".join(json.loads(image.rpartition("CMD ")[2]))

    assert flags(unit("web")["ExecStart"]) == flags(command) == flags(PROCFILE["web"])


def test_worker_command_is_the_same_in_all_deployments():
    assert unit("worker")["ExecStart"].endswith("python manage.py worker")
    assert COMPOSE["services"]["worker"]["command"] == ["python", "manage.py", "worker"]
    assert PROCFILE["worker"] == "exec python manage.py worker"


def test_stop_timeout_is_longer_than_the_longest_call():
    allowed = (unit("worker")["TimeoutStopSec"], COMPOSE["services"]["worker"]["stop_grace_period"])

    assert all(int(seconds.rstrip("s")) > LONGEST_CALL_SECONDS for seconds in allowed)


def test_compose_names_only_existing_settings_and_files():
    documented = set(re.findall(r"^#? ?([A-Z_]+)=", EXAMPLE.read_text(), re.MULTILINE))
    services = COMPOSE["services"]
    product_services = [services[name] for name in ("prepare", "web", "worker")]
    waits_for = {name for service in services.values() for name in service.get("depends_on", {})}
    secrets = {secret for service in services.values() for secret in service.get("secrets", [])}

    assert waits_for <= set(services)
    assert secrets == set(COMPOSE["secrets"])
    for service in product_services:
        assert {name.removesuffix("_FILE") for name in service["environment"]} <= documented
        assert {
            value.rpartition("/")[2]
            for name, value in service["environment"].items()
            if name.endswith("_FILE")
        } == set(service["secrets"])
        assert (
            ROOT / "deploy" / service["build"]["context"] / service["build"]["dockerfile"]
        ).is_file()


def test_compose_exposes_only_the_site_on_loopback():
    ports = {
        name: service["ports"]
        for name, service in COMPOSE["services"].items()
        if "ports" in service
    }

    assert ports == {"web": ["127.0.0.1:8000:8000"]}


def test_image_contains_only_the_required_files():
    image = (DEPLOY / "Dockerfile").read_text()
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    copied = {
        word
        for line in re.findall(r"^COPY (.*) \S+$", image, re.MULTILINE)
        for word in line.split()
    }

    assert ignored[0] == "*"
    assert {line.removeprefix("!") for line in ignored if line.startswith("!")} == copied
    assert all((ROOT / name).exists() for name in copied)


def test_image_lacks_what_only_the_sandbox_needs():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    sandbox = set(project["optional-dependencies"]["sandbox"])

    assert sandbox
    assert not sandbox & advisories.pins(ROOT / "requirements" / "app.txt").keys()
    assert sandbox <= advisories.pins(ROOT / "requirements" / "dev.txt").keys()
