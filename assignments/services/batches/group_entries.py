"""Log entries about technical steps of many rows of a batch: which rows, by number, and what.

An entry is at most 4 KB long and names nobody: the entries of outcomes do, and name in `started_in`
the entry that says when their call was started.
"""

import base64
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, cast

from assignments.audit.entries.canonical import canonical
from assignments.audit.entries.row_numbers import format_numbers
from assignments.audit.log import Event
from assignments.services.batches.row_changes import GroupStep, RowChange

# Actor, times and refs of an entry take up to 800 bytes of its 4 KB.
MAX_DETAIL_BYTES: Final = 3_200


type LoggedChanges = tuple[Event, Sequence[RowChange]]


def entries_of(changes: Iterable[RowChange]) -> list[LoggedChanges]:
    """Return the entries about rows of one batch, each with its changes.

    A change has its own entry, or shares those of a group.
    """
    own: list[LoggedChanges] = []
    by_action: defaultdict[tuple[str, str], list[RowChange]] = defaultdict(list)
    for change in changes:
        if isinstance(change.event, Event):
            own.append((change.event, [change]))
        else:
            event = change.event.event
            by_action[event.action, event.result].append(change)
    return [*own, *(entry for same in by_action.values() for entry in _split(_by_number(same)))]


def _by_number(changes: Iterable[RowChange]) -> list[RowChange]:
    return sorted(changes, key=lambda change: change.row.position)


def _split(changes: Sequence[RowChange]) -> Iterator[LoggedChanges]:
    detail = _detail(changes)
    if len(changes) > 1 and len(canonical(detail)) > MAX_DETAIL_BYTES:
        middle = len(changes) // 2
        yield from _split(changes[:middle])
        yield from _split(changes[middle:])
        return
    yield replace(_step(changes[0]).event, detail=detail), changes


def _detail(changes: Sequence[RowChange]) -> Mapping[str, object]:
    by_facts: defaultdict[bytes, list[RowChange]] = defaultdict(list)
    for change in changes:
        by_facts[canonical(_step(change).facts)].append(change)
    return {"rows": len(changes), "groups": [_group(same) for same in by_facts.values()]}


def _group(changes: Sequence[RowChange]) -> Mapping[str, object]:
    numbers = format_numbers([change.row.position for change in changes])
    digests = b"".join(_step(change).digest for change in changes)
    digested = {"digests": base64.b64encode(digests).decode()} if digests else {}
    return {"rows": numbers, **_step(changes[0]).facts, **digested}


def _step(change: RowChange) -> GroupStep:
    return cast(GroupStep, change.event)
