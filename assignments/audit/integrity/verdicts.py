"""The verdicts of a verification: their words, sentences and exit codes."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

from assignments.audit.entries.sentences import counted


class Fault(StrEnum):
    """How an entry differs from what was written."""

    BODY = "body does not match the tree"
    INDEXES = "index columns do not match its body"
    MISSING = "missing"
    INSERTED = "inserted"
    OUT_OF_ORDER = "out of order"
    UNREADABLE = "body cannot be read as an entry"
    ADOPTED = "was beyond the recorded end of the log and was adopted by a recovery"
    TILE = "stored tile of hashes does not match the entries"
    PRUNED = "has the number of an entry that was pruned"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of verifying the log; `code` is the exit code of commands."""

    word: ClassVar[str]
    code: ClassVar[int]

    @property
    def sentence(self) -> str:
        """Return the result as a sentence."""
        raise NotImplementedError

    @property
    def first(self) -> int | None:
        """Return the first entry in question; None if there is none."""
        return None


@dataclass(frozen=True, slots=True)
class Intact(Verdict):
    """Every entry is as it was written, and a seal covers all but the newest."""

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
        """Return what was checked and up to which seal."""
        since, read = self.size - self.sealed, self.size - self.pruned
        are = "is" if since == 1 else "are"
        later = f", {counted(since, 'entry', 'entries')} since then {are} not yet sealed"
        return (
            f"Intact up to seal {self.seal:,}: {counted(read, 'entry', 'entries')} checked"
            f"{later if since else ''}. Root {self.root}.{self.note}"
        )


@dataclass(frozen=True, slots=True)
class IntactSince(Verdict):
    """Every entry after a seal is as it was written; those before it were not read."""

    word: ClassVar = "intact since a seal"
    code: ClassVar = 0
    size: int
    root: str
    seal: int
    start: int
    note: str = ""

    @property
    def sentence(self) -> str:
        """Return what was checked and what was not."""
        read = counted(self.size - self.start, "entry", "entries")
        return (
            f"Intact since seal {self.seal:,}: {read} from {self.start:,} on checked. Those before "
            f"were not read; their hashes match the seal. Root {self.root}.{self.note}"
        )


@dataclass(frozen=True, slots=True)
class Unsealed(Verdict):
    """Every entry matches the log's own tree, which no seal covers."""

    word: ClassVar = "not sealed"
    code: ClassVar = 8
    size: int
    root: str
    note: str = ""

    @property
    def sentence(self) -> str:
        """Return what was checked and what could not be."""
        return (
            f"Not sealed yet: {counted(self.size, 'entry', 'entries')} checked against the "
            "tree in the same database, which no seal covers. "
            f"Root {self.root}.{self.note}"
        )


@dataclass(frozen=True, slots=True)
class Altered(Verdict):
    """An entry is not as it was written; with `last`, one of the entries `seq` to `last`."""

    word: ClassVar = "altered"
    code: ClassVar = 2
    seq: int
    how: Fault
    last: int | None = None

    @property
    def sentence(self) -> str:
        """Return which entry was altered and how."""
        if self.last is None:
            return f"Altered at entry {self.seq:,}: {self.how}."
        return f"Altered in one of the entries {self.seq:,} to {self.last:,}: {self.how}."

    @property
    def first(self) -> int | None:
        """Return the first entry in question; None if there is none."""
        return self.seq


@dataclass(frozen=True, slots=True)
class Forged(Verdict):
    """An entry has a MAC that is not by a key of this product."""

    word: ClassVar = "forged"
    code: ClassVar = 9
    seq: int

    @property
    def sentence(self) -> str:
        """Return which entry was forged."""
        return f"Forged at entry {self.seq:,}: it was not written by this product (wrong MAC)."

    @property
    def first(self) -> int | None:
        """Return the forged entry."""
        return self.seq


class NameFault(StrEnum):
    """How the name of a person beside the log differs from what was recorded."""

    VALUE = "its value or its salt was changed"
    SEARCH_TEXT = "the text that searches for it was changed"
    OWNER = "it was moved to another person or field"


@dataclass(frozen=True, slots=True)
class NameAltered(Verdict):
    """A name, address or number beside the log is not the one that an entry commits to."""

    word: ClassVar = "name altered"
    code: ClassVar = 11
    seq: int
    ref: str
    field: str
    how: NameFault

    @property
    def sentence(self) -> str:
        """Return whose name in which entry, never the name itself."""
        return (
            f"A name is not the one recorded: the {self.field} of {self.ref}, as in entry "
            f"{self.seq:,}. In the table beside the log {self.how}."
        )

    @property
    def first(self) -> int | None:
        """Return the first entry with the name."""
        return self.seq


@dataclass(frozen=True, slots=True)
class NamesGone(Verdict):
    """A name was deleted beside the log, and no later entry records an erasure of the person."""

    word: ClassVar = "names gone"
    code: ClassVar = 12
    seq: int
    ref: str
    field: str

    @property
    def sentence(self) -> str:
        """Return whose name in which entry."""
        return (
            f"Names are gone without an erasure: the {self.field} of {self.ref}, as in entry "
            f"{self.seq:,}, was deleted, and no entry of the log says that it was erased."
        )

    @property
    def first(self) -> int | None:
        """Return the first entry with the name."""
        return self.seq


@dataclass(frozen=True, slots=True)
class MacsNotChecked(Verdict):
    """Nothing is wrong with the log but that the MACs of `count` entries could not be checked.

    `seal` is the newest seal that matches, if there is one.
    """

    word: ClassVar = "MACs not checked"
    code: ClassVar = 10
    size: int
    root: str
    seal: int | None
    seq: int
    count: int
    keys: tuple[str, ...]
    note: str = ""

    @property
    def sentence(self) -> str:
        """Return what could not be checked and how it can be."""
        which = "key" if len(self.keys) == 1 else "keys"
        sealed = f", seal {self.seal:,} included" if self.seal else ", which no seal covers"
        return (
            f"Not checked who wrote {counted(self.count, 'entry', 'entries')}, the first of them "
            f"{self.seq:,}: AUDIT_MAC_KEYS lacks the {which} {', '.join(self.keys)}. "
            f"All other checks passed{sealed}. Root {self.root}.{self.note}"
        )

    @property
    def first(self) -> int | None:
        """Return the first entry whose MAC was not checked."""
        return self.seq


@dataclass(frozen=True, slots=True)
class HeadMismatch(Verdict):
    """The log and its head differ in length; `expected` is None if the head is unusable."""

    word: ClassVar = "head mismatch"
    code: ClassVar = 3
    size: int
    expected: int | None

    @property
    def sentence(self) -> str:
        """Return which is longer."""
        if self.expected is None:
            return "The log's head, which the entries are checked against, is missing or damaged."
        which = "shorter" if self.size < self.expected else "longer"
        return (
            f"The log is {which} than its head says: {self.size:,} entries instead of "
            f"{self.expected:,}. The first in question is entry {self.first:,}."
        )

    @property
    def first(self) -> int | None:
        """Return the first entry that is missing or surplus."""
        return None if self.expected is None else min(self.size, self.expected)


@dataclass(frozen=True, slots=True)
class ShorterThanSeal(Verdict):
    """Entries that a seal covers are missing."""

    word: ClassVar = "shorter than sealed"
    code: ClassVar = 5
    seal: int
    size: int
    expected: int

    @property
    def sentence(self) -> str:
        """Return from which entry on they are missing."""
        return (
            f"The log is shorter than seal {self.seal:,} says: {self.size:,} entries instead of "
            f"{self.expected:,}. The first missing entry is {self.size:,}."
        )

    @property
    def first(self) -> int | None:
        """Return the first missing entry."""
        return self.size


@dataclass(frozen=True, slots=True)
class SealMismatch(Verdict):
    """A trusted seal has another root: some of the entries `start` to `stop` - 1 were rewritten."""

    word: ClassVar = "seal does not match"
    code: ClassVar = 6
    seal: int
    start: int
    stop: int

    @property
    def sentence(self) -> str:
        """Return which entries are in question."""
        which = f"{self.start:,} to {self.stop - 1:,}"
        if self.stop - self.start == 1:
            return f"Seal {self.seal:,} does not match the log: entry {self.start:,} was rewritten."
        return (
            f"Seal {self.seal:,} does not match the log: "
            f"some of the entries {which} were rewritten."
        )

    @property
    def first(self) -> int | None:
        """Return the first entry in question; None if there is none."""
        return self.start


@dataclass(frozen=True, slots=True)
class BadSeal(Verdict):
    """A seal cannot be trusted or is missing; `why` continues the sentence "Seal N …"."""

    word: ClassVar = "seal not trusted"
    code: ClassVar = 7
    seal: int
    why: str

    @property
    def sentence(self) -> str:
        """Return what is wrong with the seal."""
        return f"Seal {self.seal:,} {self.why}"


BROKEN: Final = (
    Altered,
    Forged,
    HeadMismatch,
    ShorterThanSeal,
    SealMismatch,
    BadSeal,
    NameAltered,
    NamesGone,
)
GOOD_WORDS: Final = (Intact.word, IntactSince.word)
BROKEN_WORDS: Final = tuple(kind.word for kind in BROKEN)


def as_fields(verdict: Verdict) -> dict[str, object]:
    """Return the verdict as fields of a `Verification` and of the command's JSON."""
    return {
        "verdict": verdict.word,
        "size": getattr(verdict, "size", 0),
        "root": getattr(verdict, "root", ""),
        "seq": verdict.first,
        "newest_seal": getattr(verdict, "seal", None),
        "detail": verdict.sentence,
    }
