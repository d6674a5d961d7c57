"""What a verification can find, and how it is said."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from assignments.audit.sentences import counted


class How(StrEnum):
    """In which way an entry is not as it was written."""

    BODY = "body does not match the tree"
    INDEXES = "index columns do not match its body"
    MISSING = "missing"
    INSERTED = "inserted"
    OUT_OF_ORDER = "out of order"
    FORM = "body is not in its canonical form"


@dataclass(frozen=True, slots=True)
class Intact:
    """Every entry is there, in order, as it was written, and together they give the root."""

    word: ClassVar = "intact"
    size: int
    root: str

    @property
    def seq(self) -> None:
        """Name no entry: none is broken."""
        return None

    @property
    def sentence(self) -> str:
        """Say what was found."""
        return f"Intact: {counted(self.size, 'entry', 'entries')} checked, root {self.root}."


@dataclass(frozen=True, slots=True)
class Altered:
    """An entry is not as it was written; with `last` it is one of those from `seq` to `last`."""

    word: ClassVar = "altered"
    seq: int
    how: How
    last: int | None = None

    @property
    def sentence(self) -> str:
        """Say what was found, naming the first broken entry."""
        if self.last is None:
            return f"Altered at entry {self.seq:,}: {self.how}."
        return f"Altered in one of the entries {self.seq:,} to {self.last:,}: {self.how}."


@dataclass(frozen=True, slots=True)
class HeadMismatch:
    """The log has another length than its head says; `expected` is None if there is no head."""

    word: ClassVar = "head mismatch"
    size: int
    expected: int | None

    @property
    def seq(self) -> int | None:
        """Name the first entry that is missing or too many."""
        return None if self.expected is None else min(self.size, self.expected)

    @property
    def sentence(self) -> str:
        """Say what was found."""
        if self.expected is None:
            return "What vouches for the entries, the log's head, is missing or damaged."
        which = "shorter" if self.size < self.expected else "longer"
        return (
            f"The log is {which} than its head says: {self.size:,} entries instead of "
            f"{self.expected:,}. The first in question is entry {self.seq:,}."
        )


@dataclass(frozen=True, slots=True)
class Unproven:
    """An export holds a part of the log: its entries fit themselves, no more can be told."""

    word: ClassVar = "unproven"
    size: int

    @property
    def seq(self) -> None:
        """Name no entry: none is known to be broken."""
        return None

    @property
    def sentence(self) -> str:
        """Say what was checked and what could not be."""
        return (
            f"Not proven: each of the {self.size:,} entries matches its own hash, but they are a "
            "part of the log, so the file cannot show that the log holds them."
        )


Verdict = Intact | Altered | HeadMismatch | Unproven


def facts(verdict: Verdict) -> dict[str, Any]:
    """Return the verdict as the table of verifications and the command's JSON have it."""
    return {
        "verdict": verdict.word,
        "size": getattr(verdict, "size", 0),
        "root": getattr(verdict, "root", ""),
        "seq": verdict.seq,
        "detail": verdict.sentence,
    }
