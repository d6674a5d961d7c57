"""Entries about many rows of a batch, which name them by number, as in "1-64, 70"."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from assignments.audit.entries.canonical import UNREADABLE, Entry

STARTED: Final = "calls.started"
GROUP_ACTIONS: Final = frozenset({STARTED, "calls.deferred", "assignments.looked_up"})


def format_numbers(numbers: Sequence[int]) -> str:
    """Return ascending numbers as ranges."""
    ranges: list[tuple[int, int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1] = ranges[-1][0], number
        else:
            ranges.append((number, number))
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in ranges)


def parse_numbers(text: str) -> list[int]:
    """Return the numbers of such ranges.

    :raises ValueError: if the text is none
    """
    ends = [part.partition("-") for part in text.split(", ")]
    return [number for a, _, b in ends for number in range(int(a), int(b or a) + 1)]


def groups_of(body: Entry) -> Iterator[tuple[list[int], Mapping[str, object]]]:
    """Yield the row numbers of each group of an entry, and what it says about them."""
    for group in (body["detail"] or {}).get("groups", ()):
        yield parse_numbers(group["rows"]), group


def names_row(body: Entry, number: int) -> bool:
    """Return whether an entry about many rows of a batch names the row with this number."""
    try:
        return any(number in numbers for numbers, _ in groups_of(body))
    except UNREADABLE:
        return False


def started_in(body: Entry) -> set[int]:
    """Return the numbers of the entries that an entry names as those that started its calls."""
    detail = body["detail"] or {}
    try:
        groups = [detail, *detail.get("groups", ())]
        numbers = {group.get("started_in") for group in groups}
    except UNREADABLE:
        return set()
    return {number for number in numbers if isinstance(number, int)}
