"""Join the stylesheets, and the scripts, so that a page loads one file of each.

`assignments/assets/desk.css` and `desk.js` import their parts in the order in which they apply.
Here each import is replaced by the text of its file, in development as in production; a comment
before each part names the file. A script's modules share one scope, so their names must differ.
"""

import re
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.contrib.staticfiles.finders import BaseStorageFinder
from django.core.files.storage import FileSystemStorage

SOURCES: Final = settings.BASE_DIR / "assignments" / "assets"
ENTRY_NAMES: Final = ("desk.css", "desk.js")
PATHS: Final = {f"assignments/{name}" for name in ENTRY_NAMES}
IMPORT: Final = re.compile(r'^(?:@import|import(?: \{[^}]*\} from)?) "(\./[^"]+)";\n', re.MULTILINE)
EXPORT: Final = re.compile(r"^export (?=const |let |function |class )", re.MULTILINE)
SCRIPT: Final = '(() => {{\n"use strict";\n{}}})();\n'


class JoinedAssetsFinder(BaseStorageFinder):
    """Find the joined files below `assignments/` of the static files."""

    def __init__(self) -> None:
        self.folder = settings.VAR_DIR / "joined_assets"
        super().__init__(FileSystemStorage(location=self.folder))

    def find(self, path: str, *args: Any, **options: Any) -> Any:
        """Return the path of a joined file as its sources are now."""
        if path in PATHS:
            self._write()
        return super().find(path, *args, **options)

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterable[Any]:
        """Return the joined files for `collectstatic`."""
        self._write()
        return super().list(ignore_patterns)

    def _write(self) -> None:
        for name in ENTRY_NAMES:
            self._replace(self.folder / "assignments" / name, join(SOURCES / name))

    def _replace(self, path: Path, text: str) -> None:
        """Write a file if its text changed; nobody who reads it sees half of it."""
        if path.exists() and path.read_text() == text:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        # Not in the folder itself, where `collectstatic` of another process would take it.
        with tempfile.NamedTemporaryFile("w", dir=self.folder.parent, delete=False) as file:
            file.write(text)
        Path(file.name).replace(path)


def join(entry: Path) -> str:
    """Return the text of a stylesheet or script with all that it imports, each file once."""
    text = "".join(_parts(entry, set()))
    return SCRIPT.format(EXPORT.sub("", text)) if entry.suffix == ".js" else text


def _parts(path: Path, joined: set[Path]) -> Iterable[str]:
    """Yield what a file imports and then the file; nothing of files that are joined already."""
    if path in joined:
        return
    joined.add(path)
    text = path.read_text()
    for name in IMPORT.findall(text):
        yield from _parts((path.parent / name).resolve(), joined)
    yield f"\n/* {path.relative_to(SOURCES)} */\n"
    yield IMPORT.sub("", text)
