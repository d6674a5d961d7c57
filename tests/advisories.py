"""Check the pinned dependencies for known vulnerabilities: `python -m tests.advisories`.

pip-audit queries a source of advisories; arguments are passed on to it, such as
`--vulnerability-service osv`. If none covers every pin, the record `requirements/audit.json` is
used instead: what was checked by hand, on which day, for which pins, and how long that is valid.
`--record TEXT` writes a new one.
"""

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from packaging.requirements import Requirement

ROOT: Final = Path(__file__).resolve().parent.parent
PINS: Final = ROOT / "requirements" / "app.txt"
RECORD: Final = ROOT / "requirements" / "audit.json"
VALID_DAYS: Final = 90


class NotAudited(Exception):
    """Neither the source nor a recent record covers the pins; the text says what to do."""


class Vulnerable(Exception):
    """There are known vulnerabilities; the text lists them."""


def pins(path: Path) -> dict[str, str]:
    """Return the version of each pinned dependency."""
    return dict(
        re.findall(r"^([\w.-]+)(?:\[[^]]*\])?==([^ ;\\\n]+)", path.read_text(), re.MULTILINE)
    )


def _installed_here(path: Path) -> set[str]:
    """Return the names that a machine like this one installs, the only ones pip-audit checks."""
    lines = re.findall(r"^([\w.-]+(?:\[[^]]*\])?==[^\\\n]+)", path.read_text(), re.MULTILINE)
    wanted = [Requirement(line.strip()) for line in lines]
    return {need.name for need in wanted if need.marker is None or need.marker.evaluate()}


def missing_coverage(path: Path, options: Sequence[str]) -> str:
    """Return why the source did not cover every pin; empty if it did.

    :raises Vulnerable: if it reports a vulnerability, even if it does not cover every pin
    """
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes"]
    rest = ["--format", "json", "--progress-spinner", "off", "-r", str(path), *options]
    scan = subprocess.run([*command, *rest], capture_output=True, text=True, check=False)
    try:
        results: list[dict[str, Any]] = json.loads(scan.stdout)["dependencies"]
    except ValueError:
        return scan.stderr.strip().rpartition("\n")[2] or f"pip-audit ended with {scan.returncode}"
    _refuse_vulnerable(results)
    covered = {result["name"] for result in results if "skip_reason" not in result}
    wanted = _installed_here(path)
    missing = sorted(wanted - covered)
    if not missing:
        return ""
    examples = ", ".join(missing[:3]) + (", …" if missing[3:] else "")
    return f"it does not cover {len(missing)} of {len(wanted)}: {examples}"


def _refuse_vulnerable(results: Sequence[Mapping[str, Any]]) -> None:
    vulnerabilities = [
        f"{result['name']} {result['version']}: {advisory['id']}, fixed in "
        f"{' or '.join(advisory['fix_versions']) or 'no version yet'}"
        for result in results
        for advisory in result.get("vulns", ())
    ]
    if vulnerabilities:
        raise Vulnerable("\n".join(vulnerabilities))


def read_record(record: Path, *, pinned: Mapping[str, str], today: date) -> str:
    """Return the result of the record, if it covers these pins and is not too old.

    :raises NotAudited: with what is wrong with it
    """
    if not record.exists():
        raise NotAudited(f"There is no {record.name}.")
    content = json.loads(record.read_text())
    changed = sorted(dict(content["pins"].items() ^ pinned.items()))
    if changed:
        raise NotAudited(f"{record.name} is of other pins: {', '.join(changed)}.")
    checked_on = date.fromisoformat(content["checked_on"])
    last = checked_on + timedelta(days=min(content["valid_days"], VALID_DAYS))
    if not checked_on <= today <= last:
        raise NotAudited(f"{record.name} is of {checked_on} and was valid until {last}.")
    return f"On {checked_on}, valid until {last}: {content['text']}"


def write_record(record: Path, *, pinned: Mapping[str, str], today: date, text: str) -> None:
    """Store what was checked instead."""
    content = {
        "checked_on": today.isoformat(),
        "valid_days": VALID_DAYS,
        "text": text,
        "pins": dict(pinned),
    }
    record.write_text(json.dumps(content, indent=2) + "\n")


def check(options: Sequence[str], *, path: Path, record: Path, today: date) -> str:
    """Return the message if the pins may be used.

    :raises Vulnerable: see `missing_coverage`
    :raises NotAudited: if neither the source nor the record covers them
    """
    reason = missing_coverage(path, options)
    if not reason:
        return f"{len(_installed_here(path))} dependencies have no known vulnerability."
    try:
        message = read_record(record, pinned=pins(path), today=today)
    except NotAudited as problem:
        raise NotAudited(
            f"The source of advisories does not cover every dependency ({reason}), and the "
            f"record cannot be used. {problem} Run this where the source can be reached, or review "
            "the pins by hand and store that with --record 'WHAT WAS REVIEWED'."
        ) from problem
    return f"NOT checked with a source of advisories today ({reason}). {message}"


def main(words: Sequence[str], *, today: date) -> int:
    """Print the result, or store a record; return the exit code."""
    if words[:1] == ["--record"]:
        write_record(RECORD, pinned=pins(PINS), today=today, text=" ".join(words[1:]))
        return 0
    try:
        sys.stdout.write(check(words, path=PINS, record=RECORD, today=today) + "\n")
    except (Vulnerable, NotAudited) as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], today=datetime.now(UTC).date()))
