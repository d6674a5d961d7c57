"""What a verification can find, and how it is said. Each has an exit code of its own."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Final

from assignments.audit.entries.sentences import counted


class Fault(StrEnum):
    """In which way an entry is not as it was written."""

    BODY = "body does not match the tree"
    INDEXES = "index columns do not match its body"
    MISSING = "missing"
    INSERTED = "inserted"
    OUT_OF_ORDER = "out of order"
    UNREADABLE = "body cannot be read as an entry"
    ADOPTED = "stood behind the log's end, where nothing had been written, and was taken up"
    TILE = "kept row of hashes does not match the entries"
    PRUNED = "stands among entries that were pruned"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found; `seq` is the first entry in question, if there is one."""

    word: ClassVar[str]
    code: ClassVar[int]

    @property
    def sentence(self) -> str:
        """Say what was found."""
        raise NotImplementedError

    @property
    def first(self) -> int | None:
        """Return the first entry in question."""
        return None


@dataclass(frozen=True, slots=True)
class Intact(Verdict):
    """Every entry is as it was written, and a seal vouches for all but the newest."""

    word: ClassVar = "intact"
    code: ClassVar = 0
    size: int
    root: str
    seal: int
    sealed: int
    pruned: int = 0
    note: str = ""

    @property
    def sentence(self) -> str:
        """Say up to where a seal vouches for the log."""
        since, read = self.size - self.sealed, self.size - self.pruned
        are = "is" if since == 1 else "are"
        later = f", {counted(since, 'entry', 'entries')} since then {are} not yet sealed"
        return (
            f"Intact up to seal {self.seal:,}: {counted(read, 'entry', 'entries')} checked"
            f"{later if since else ''}. Root {self.root}.{self.note}"
        )


@dataclass(frozen=True, slots=True)
class IntactSince(Verdict):
    """What came after a seal is as it was written; what stands before it was not read."""

    word: ClassVar = "intact since a seal"
    code: ClassVar = 0
    size: int
    root: str
    seal: int
    start: int
    note: str = ""

    @property
    def sentence(self) -> str:
        """Say what was checked and what was not."""
        read = counted(self.size - self.start, "entry", "entries")
        return (
            f"Intact since seal {self.seal:,}: {read} from {self.start:,} on checked. Those before "
            f"were not read; their hashes give the root of the seal. Root {self.root}.{self.note}"
        )


@dataclass(frozen=True, slots=True)
class Unsealed(Verdict):
    """Every entry fits the log's own tree, which nothing outside the database vouches for."""

    word: ClassVar = "not sealed"
    code: ClassVar = 8
    size: int
    root: str
    note: str = ""

    @property
    def sentence(self) -> str:
        """Say what was checked and what could not be."""
        return (
            f"Not sealed yet: {counted(self.size, 'entry', 'entries')} checked against the "
            "tree in the database itself, and no seal vouches for that. "
            f"Root {self.root}.{self.note}"
        )


@dataclass(frozen=True, slots=True)
class Altered(Verdict):
    """An entry is not as it was written; with `last` it is one of those from `seq` to `last`."""

    word: ClassVar = "altered"
    code: ClassVar = 2
    seq: int
    how: Fault
    last: int | None = None

    @property
    def sentence(self) -> str:
        """Name the first broken entry."""
        if self.last is None:
            return f"Altered at entry {self.seq:,}: {self.how}."
        return f"Altered in one of the entries {self.seq:,} to {self.last:,}: {self.how}."

    @property
    def first(self) -> int | None:
        """Return the first entry in question."""
        return self.seq


@dataclass(frozen=True, slots=True)
class HeadMismatch(Verdict):
    """The log has another length than its head says; `expected` is None if there is no head."""

    word: ClassVar = "head mismatch"
    code: ClassVar = 3
    size: int
    expected: int | None

    @property
    def sentence(self) -> str:
        """Say which is longer."""
        if self.expected is None:
            return "What vouches for the entries, the log's head, is missing or damaged."
        which = "shorter" if self.size < self.expected else "longer"
        return (
            f"The log is {which} than its head says: {self.size:,} entries instead of "
            f"{self.expected:,}. The first in question is entry {self.first:,}."
        )

    @property
    def first(self) -> int | None:
        """Return the first entry that is missing or too many."""
        return None if self.expected is None else min(self.size, self.expected)


@dataclass(frozen=True, slots=True)
class ShorterThanSeal(Verdict):
    """Entries are gone that a seal vouches for."""

    word: ClassVar = "shorter than sealed"
    code: ClassVar = 5
    seal: int
    size: int
    expected: int

    @property
    def sentence(self) -> str:
        """Say from where on entries are gone."""
        return (
            f"The log is shorter than seal {self.seal:,} says: {self.size:,} entries instead of "
            f"{self.expected:,}. The first that is gone is entry {self.size:,}."
        )

    @property
    def first(self) -> int | None:
        """Return the first entry that is gone."""
        return self.size


@dataclass(frozen=True, slots=True)
class SealMismatch(Verdict):
    """A seal with a good signature says another root: entries it vouches for were rewritten.

    The rewritten ones are among those from `start` to `stop` - 1.
    """

    word: ClassVar = "seal does not match"
    code: ClassVar = 6
    seal: int
    start: int
    stop: int

    @property
    def sentence(self) -> str:
        """Say which entries are in question."""
        which = f"{self.start:,} to {self.stop - 1:,}"
        if self.stop - self.start == 1:
            return f"Seal {self.seal:,} does not match the log: entry {self.start:,} was rewritten."
        return f"Seal {self.seal:,} does not match the log: rewritten among the entries {which}."

    @property
    def first(self) -> int | None:
        """Return the first entry in question."""
        return self.start


@dataclass(frozen=True, slots=True)
class BadSeal(Verdict):
    """A seal cannot be trusted, or is gone; `why` says it in one sentence."""

    word: ClassVar = "seal not trusted"
    code: ClassVar = 7
    seal: int
    why: str

    @property
    def sentence(self) -> str:
        """Say what is wrong with the seal."""
        return f"Seal {self.seal:,} {self.why}"


BROKEN: Final = (Altered, HeadMismatch, ShorterThanSeal, SealMismatch, BadSeal)
GOOD_WORDS: Final = (Intact.word, IntactSince.word)
BROKEN_WORDS: Final = tuple(kind.word for kind in BROKEN)


def as_fields(verdict: Verdict) -> dict[str, Any]:
    """Return the verdict as the table of verifications and the command's JSON have it."""
    return {
        "verdict": verdict.word,
        "size": getattr(verdict, "size", 0),
        "root": getattr(verdict, "root", ""),
        "seq": verdict.first,
        "newest_seal": getattr(verdict, "seal", None),
        "detail": verdict.sentence,
    }
