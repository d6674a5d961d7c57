"""Verifying a file of JSON lines by itself: no database is asked."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from assignments.audit.checking import Rebuilt, Row, fault_of
from assignments.audit.jsonlines import KIND, VERSION
from assignments.audit.tree import Frontier
from assignments.audit.verdicts import Altered, HeadMismatch, How, Unproven, Verdict


class NotAnExport(Exception):
    """The file cannot be read as an export of the log; the message says where."""


@dataclass(frozen=True, slots=True)
class _Ending:
    """The last line: how many entries the file holds, and the log's tree."""

    entries: int
    tree: Frontier


def verify_export(path: Path) -> Verdict:
    """Check a JSON lines export and say what was found.

    An export of the whole log proves itself; one of a part only that its entries fit their hashes.

    :raises NotAnExport: if it is another kind of file or cannot be read
    """
    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            return _verdict(file)
    except UnicodeDecodeError as error:
        raise NotAnExport("The file is not text in UTF-8. Give a JSON lines export.") from error


def _verdict(file: TextIO) -> Verdict:
    is_whole = _is_whole(file.readline())
    rebuilt, entries, last = Rebuilt(), 0, -1
    for row in _rows(file):
        if isinstance(row, _Ending):
            return _at_the_end(row, entries, rebuilt if is_whole else None)
        fault = rebuilt.take([row]) if is_whole else _fault_of_part(row, last)
        if fault:
            return fault
        entries, last = entries + 1, row.seq
    return HeadMismatch(entries, None)


def _at_the_end(ending: _Ending, entries: int, rebuilt: Rebuilt | None) -> Verdict:
    if entries != ending.entries:
        return HeadMismatch(entries, ending.entries)
    if rebuilt is None:
        return Unproven(entries)
    if entries != ending.tree.size:
        return HeadMismatch(entries, ending.tree.size)
    return rebuilt.against(ending.tree)


def _fault_of_part(row: Row, last: int) -> Altered | None:
    if row.seq <= last:
        return Altered(row.seq, How.OUT_OF_ORDER)
    return fault_of(row, row.seq)


def _is_whole(line: str) -> bool:
    heading = _read(line, 1)
    if (heading.get("kind"), heading.get("version")) != (KIND, VERSION):
        raise NotAnExport("The file is no export of this log. Give a JSON lines export.")
    return heading.get("whole") is True


def _rows(file: TextIO) -> Iterator[Row | _Ending]:
    for number, line in enumerate(file, 2):
        found = _read(line, number)
        try:
            yield _row(found) if "seq" in found else _ending(found)
        except (LookupError, ValueError, TypeError, AttributeError) as error:
            raise NotAnExport(f"Line {number} of the file is not as it was written.") from error


def _row(found: dict[str, Any]) -> Row:
    return Row(found["seq"], found["body"].encode(), bytes.fromhex(found["leaf"]))


def _ending(found: dict[str, Any]) -> _Ending:
    tree = Frontier(found["size"], tuple(bytes.fromhex(root) for root in found["roots"]))
    if tree.root().hex() != found["root"]:
        raise ValueError("The roots do not give the root")
    return _Ending(found["entries"], tree)


def _read(line: str, number: int) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError as error:
        raise NotAnExport(f"Line {number} of the file cannot be read.") from error
    if not isinstance(found, dict):
        raise NotAnExport(f"Line {number} of the file cannot be read.")
    return found
