"""Check the pinned dependencies for known vulnerabilities: `python -m tests.advisories`.

pip-audit asks a source of advisories (what is given after the module's name goes to it, such as
`--vulnerability-service osv`). Where none answers for every pin, `requirements/audit.json` stands
in: what was looked at instead, on which day, for exactly which pins, and for how long that may do.
`--record` writes it anew, with the sentence that follows.
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
GOOD_FOR_DAYS: Final = 90


class NotAudited(Exception):
    """Neither the source nor a recent record covers the pins; the text says what to do."""


class Weak(Exception):
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
    return {one.name for one in wanted if one.marker is None or one.marker.evaluate()}


def asked(path: Path, options: Sequence[str]) -> str:
    """Return why the source did not cover every pin; empty if it did.

    :raises Weak: if it knows of a weakness, even of one pin among many it knows nothing of
    """
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes"]
    rest = ["--format", "json", "--progress-spinner", "off", "-r", str(path), *options]
    said = subprocess.run([*command, *rest], capture_output=True, text=True, check=False)
    try:
        answers: list[dict[str, Any]] = json.loads(said.stdout)["dependencies"]
    except ValueError:
        return said.stderr.strip().rpartition("\n")[2] or f"pip-audit ended with {said.returncode}"
    _refuse_weak(answers)
    known = {answer["name"] for answer in answers if "skip_reason" not in answer}
    wanted = _installed_here(path)
    unknown = sorted(wanted - known)
    if not unknown:
        return ""
    some = ", ".join(unknown[:3]) + (", …" if unknown[3:] else "")
    return f"it knows nothing of {len(unknown)} of {len(wanted)}: {some}"


def _refuse_weak(answers: Sequence[Mapping[str, Any]]) -> None:
    found = [
        f"{answer['name']} {answer['version']}: {weakness['id']}, mended in "
        f"{' or '.join(weakness['fix_versions']) or 'no version yet'}"
        for answer in answers
        for weakness in answer.get("vulns", ())
    ]
    if found:
        raise Weak("\n".join(found))


def stands_in(record: Path, *, found: Mapping[str, str], today: date) -> str:
    """Return the result of the record, if it covers these pins and is not too old.

    :raises NotAudited: with what is wrong with it
    """
    if not record.exists():
        raise NotAudited(f"There is no {record.name}.")
    kept = json.loads(record.read_text())
    changed = sorted(dict(kept["pins"].items() ^ found.items()))
    if changed:
        raise NotAudited(f"{record.name} is of other pins: {', '.join(changed)}.")
    day = date.fromisoformat(kept["looked_on"])
    last = day + timedelta(days=min(kept["good_for_days"], GOOD_FOR_DAYS))
    if not day <= today <= last:
        raise NotAudited(f"{record.name} is of {day} and was good until {last}.")
    return f"On {day}, good until {last}: {kept['what']}"


def write(record: Path, *, found: Mapping[str, str], today: date, what: str) -> None:
    """Store what was checked instead."""
    kept = {
        "looked_on": today.isoformat(),
        "good_for_days": GOOD_FOR_DAYS,
        "what": what,
        "pins": dict(found),
    }
    record.write_text(json.dumps(kept, indent=2) + "\n")


def verdict(options: Sequence[str], *, path: Path, record: Path, today: date) -> str:
    """Return the message if the pins may be used.

    :raises Weak: see `asked`
    :raises NotAudited: if neither the source nor the record speaks for them
    """
    why = asked(path, options)
    if not why:
        return f"No weakness is known of {len(_installed_here(path))} dependencies."
    try:
        instead = stands_in(record, found=pins(path), today=today)
    except NotAudited as problem:
        raise NotAudited(
            f"The source of advisories does not speak for every dependency ({why}), and the record "
            f"does not stand in for it. {problem} Run this where the source answers, or look at "
            "the pins by hand and keep it with --record 'WHAT WAS LOOKED AT'."
        ) from problem
    return f"NOT asked of a source of advisories today ({why}). {instead}"


def main(words: Sequence[str], *, today: date) -> int:
    """Print the result, or store a record; return the exit code."""
    if words[:1] == ["--record"]:
        write(RECORD, found=pins(PINS), today=today, what=" ".join(words[1:]))
        return 0
    try:
        sys.stdout.write(verdict(words, path=PINS, record=RECORD, today=today) + "\n")
    except (Weak, NotAudited) as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], today=datetime.now(UTC).date()))
