"""The scans of code and dependencies: each reports a planted fault, and fails if it cannot scan."""

import json
import re
import subprocess
import sys
import threading
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests import advisories
from tests.advisories import NotAudited, Vulnerable
from tests.sandbox_process import ROOT

TODAY = date(2026, 11, 26)
PINNED = """\
django==6.1.0 \\
    --hash=sha256:aaaa
    # via assignment-desk (pyproject.toml)
psycopg[binary]==3.3.4 ; sys_platform != 'win32' \\
    --hash=sha256:bbbb
colorama==0.4.6 ; sys_platform == 'win32' \\
    --hash=sha256:cccc
"""


@pytest.fixture
def pinned(tmp_path):
    path = tmp_path / "app.txt"
    path.write_text(
        PINNED.replace("aaaa", "a" * 64).replace("bbbb", "b" * 64).replace("cccc", "c" * 64)
    )
    return path


@pytest.fixture
def record(tmp_path):
    path = tmp_path / "audit.json"
    pins = {"django": "6.1.0", "psycopg": "3.3.4", "colorama": "0.4.6"}
    advisories.write_record(path, pinned=pins, today=TODAY, text="All were the newest.")
    return path


class Source(BaseHTTPRequestHandler):
    """A source of advisories like OSV, with one vulnerability of Django."""

    def do_POST(self):
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name, version = query["package"]["name"], query["version"]
        ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "6.1.1"}]}]
        package = {"name": "django", "ecosystem": "PyPI"}
        affected = [{"package": package, "ranges": ranges, "versions": [version]}]
        weak = {"id": "PYSEC-0000-1", "summary": "Planted.", "affected": affected}
        times = {"modified": "2026-11-01T00:00:00Z", "published": "2026-11-01T00:00:00Z"}
        knows = name == "django" and version == "6.1.0"
        body = json.dumps({"vulns": [weak | times]} if knows else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def source(monkeypatch, tmp_path):
    """Return the settings that make pip-audit query our own source."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with HTTPServer(("127.0.0.1", 0), Source) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/v1/query"
        yield ["--vulnerability-service", "osv", "--osv-url", url, "--cache-dir", str(tmp_path)]
        server.shutdown()


@pytest.mark.slow
def test_a_known_vulnerability_of_a_dependency_is_reported(pinned, record, source):
    with pytest.raises(Vulnerable) as report:
        advisories.check(source, path=pinned, record=record, today=TODAY)

    assert str(report.value) == "django 6.1.0: PYSEC-0000-1, fixed in 6.1.1"


@pytest.mark.slow
def test_dependencies_without_known_vulnerabilities_pass(pinned, record, source):
    pinned.write_text(pinned.read_text().replace("6.1.0", "6.1.1"))

    message = advisories.check(source, path=pinned, record=record, today=TODAY)

    assert message == "2 dependencies have no known vulnerability."


@pytest.mark.slow
def test_the_record_is_used_when_the_source_is_unavailable(pinned, record):
    # Nothing listens there.
    away = ["--vulnerability-service", "osv", "--osv-url", "http://127.0.0.1:9/"]

    message = advisories.check(away, path=pinned, record=record, today=TODAY)

    assert message.startswith("NOT checked with a source of advisories today (")
    assert message.endswith("On 2026-11-26, valid until 2027-02-24: All were the newest.")
    record.unlink()
    with pytest.raises(NotAudited, match=r"There is no audit\.json\..* --record"):
        advisories.check(away, path=pinned, record=record, today=TODAY)


@pytest.mark.parametrize(
    ("change", "today", "sentence"),
    [
        pytest.param({"psycopg": None}, TODAY, "of other pins: psycopg", id="one fewer"),
        pytest.param({"django": "6.1.1"}, TODAY, "of other pins: django", id="a new one"),
        pytest.param({}, date(2027, 2, 25), "valid until 2027-02-24", id="too old"),
        pytest.param({}, date(2026, 11, 25), "of 2026-11-26", id="of a day to come"),
    ],
)
def test_an_outdated_record_is_not_used(pinned, record, change, today, sentence):
    pins = {
        name: version for name, version in (advisories.pins(pinned) | change).items() if version
    }

    with pytest.raises(NotAudited, match=sentence):
        advisories.read_record(record, pinned=pins, today=today)


def test_a_record_cannot_extend_its_own_validity(pinned, record):
    record.write_text(record.read_text().replace('"valid_days": 90', '"valid_days": 9000'))

    with pytest.raises(NotAudited, match="valid until 2027-02-24"):
        advisories.read_record(record, pinned=advisories.pins(pinned), today=date(2028, 1, 1))


def test_a_source_that_skips_a_dependency_fails_the_scan(pinned, monkeypatch):
    results = {
        "dependencies": [
            {"name": "django", "version": "6.1.0", "vulns": []},
            {"name": "psycopg", "skip_reason": "Dependency not found on PyPI"},
        ]
    }
    done = subprocess.CompletedProcess([], 0, stdout=json.dumps(results), stderr="")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)

    assert advisories.missing_coverage(pinned, []) == "it does not cover 1 of 2: psycopg"


@pytest.mark.parametrize(
    ("fault", "number"),
    [
        pytest.param("import pickle\n\npickle.loads(input())\n", "S301", id="unsafe loading"),
        pytest.param("import hashlib\n\nhashlib.md5(b'')\n", "S324", id="weak hash"),
        pytest.param(
            'def find(cursor, name):\n    cursor.execute(f"DELETE FROM t WHERE n = {name}")\n',
            "S608",
            id="SQL from input",
        ),
        pytest.param(
            "import subprocess\n\nsubprocess.run(input(), shell=True)\n", "S602", id="a shell"
        ),
        pytest.param("import pickle\n", "S403", id="an import, in preview"),
    ],
)
def test_ruff_reports_a_planted_fault(fault, number):
    planted = ["--stdin-filename", "assignments/planted.py", "-"]
    process = _ruff("check", "--output-format", "json", *planted, stdin=fault)

    assert process.returncode == 1
    assert number in {problem["code"] for problem in json.loads(process.stdout)}


def test_every_security_rule_of_ruff_is_enabled():
    rules = json.loads(_ruff("rule", "--all", "--output-format", "json").stdout)
    security = {
        rule["code"]
        for rule in rules
        if rule["linter"] == "flake8-bandit" and "Removed" not in rule["status"]
    }
    settings = _ruff("check", "--show-settings", "manage.py").stdout
    enabled = settings.partition("linter.rules.enabled")[2].partition("]")[0]

    # Importing subprocess, and running a list of words with it, is no fault by itself.
    assert security - set(re.findall(r"\((S\d+)\)", enabled)) == {"S404", "S603"}


def _ruff(*arguments, stdin=None):
    command = [sys.executable, "-m", "ruff", *arguments]
    return subprocess.run(
        command, input=stdin, capture_output=True, text=True, check=False, cwd=ROOT
    )


def test_the_scan_is_part_of_the_checks():
    makefile = (ROOT / "Makefile").read_text()

    assert "\ncheck: $(READY) scan " in makefile
    assert "python -m tests.advisories" in makefile.partition("\nscan: ")[2].partition("\n\n")[0]
