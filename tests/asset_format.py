"""Format stylesheets and scripts: `python -m tests.asset_format`.

The options of cssbeautifier and jsbeautifier are in `pyproject.toml`. With `--check` nothing is
written: it prints as a diff what would change, and every line of more than 120 columns, also of
templates; the exit code is then 1.
"""

import difflib
import sys
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import cssbeautifier
import jsbeautifier

ROOT: Final = Path(__file__).resolve().parent.parent
BEAUTIFIERS: Final = {".css": cssbeautifier.beautify, ".js": jsbeautifier.beautify}
MAX_COLUMNS: Final = 120


def main(arguments: Sequence[str]) -> int:
    """Format all files or, with `--check`, report what is wrong; return the exit code."""
    assets = [path for path in files("assignments/assets") if path.suffix in BEAUTIFIERS]
    if "--check" not in arguments:
        for path in assets:
            path.write_text(formatted(path))
        return 0
    problems = [line for path in assets for line in changes(path)]
    problems += [line for path in [*assets, *files("templates")] for line in long_lines(path)]
    sys.stdout.writelines(problems)
    return 1 if problems else 0


def files(folder: str) -> Iterable[Path]:
    """Return all files below a folder of the project, in order."""
    return sorted(path for path in (ROOT / folder).rglob("*") if path.is_file())


def formatted(path: Path) -> str:
    """Return the text of a stylesheet or script as it should be."""
    options: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    text: str = BEAUTIFIERS[path.suffix](path.read_text(), options["beautifier"])
    return text


def changes(path: Path) -> Iterator[str]:
    """Yield the lines of a diff between a file and how it should be."""
    old, new = path.read_text().splitlines(keepends=True), formatted(path).splitlines(keepends=True)
    return difflib.unified_diff(old, new, str(path), f"{path}, formatted")


def long_lines(path: Path) -> Iterator[str]:
    """Yield a line of text for each line of the file that is too long."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if len(line) > MAX_COLUMNS:
            yield f"{path}:{number}: {len(line)} columns, more than {MAX_COLUMNS}\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
