"""Injected faults: their kinds, and which request gets one."""

from collections import deque
from collections.abc import Mapping, Sequence

from assignments.stackone.sandbox.data.seeding import seeded_random

OK = "ok"
READ_PREFIX = "get-"
READ_FAULTS = ("429", "500", "slow", "hang")
FAULT_KINDS = (
    "429",
    "500",
    "502",
    "408",
    "hang",
    "reset-before",
    "reset-after",
    "timeout-after",
    "malformed",
    "wrong-type",
    "slow",
    *(READ_PREFIX + kind for kind in READ_FAULTS),
)


class UnknownFault(ValueError):
    """A fault does not exist, or the shares are invalid."""


def validate_shares(shares: Mapping[str, float]) -> dict[str, float]:
    """Return the shares of requests by fault, if every fault exists and they sum up to at most 1.

    :raises UnknownFault: otherwise, with a sentence on what is wrong
    """
    for kind, share in shares.items():
        if kind not in FAULT_KINDS:
            raise UnknownFault(f"There is no fault {kind!r}: choose from {', '.join(FAULT_KINDS)}.")
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
            raise UnknownFault(f"The share of {kind} must be between 0 and 1, not {share!r}.")
    for is_read in (True, False):
        if sum(share for kind, share in shares.items() if _is_read(kind) == is_read) > 1 + 1e-9:
            raise UnknownFault("The shares of all faults together must not exceed 1.")
    return dict(shares)


class Faults:
    """Decides for each request which fault it gets: from a script first, then at random."""

    def __init__(self, shares: Mapping[str, float], seed: int) -> None:
        self._seed = seed
        self.replace(shares, [])

    def replace(self, shares: Mapping[str, float], script: Sequence[str]) -> None:
        """Replace the faults and restart the random draws.

        :param script: faults of the next creates, in order; "ok" for none

        :raises UnknownFault: a fault does not exist or the shares are invalid
        """
        self._shares = validate_shares(shares)
        for kind in script:
            if kind != OK and (kind not in FAULT_KINDS or _is_read(kind)):
                raise UnknownFault(f"There is no fault {kind!r} to script.")
        self._script = deque(script)
        self._create_random = seeded_random(self._seed, "faults of creates")
        self._read_random = seeded_random(self._seed, "faults of reads")

    def next_create_fault(self) -> str:
        """Return the fault of the next create, or "ok"."""
        if self._script:
            return self._script.popleft()
        return self._draw_fault(self._create_random.random(), is_read=False)

    def next_read_fault(self) -> str:
        """Return the fault of the next read, or "ok"."""
        return self._draw_fault(self._read_random.random(), is_read=True).removeprefix(READ_PREFIX)

    def _draw_fault(self, draw: float, *, is_read: bool) -> str:
        for kind, share in self._shares.items():
            if _is_read(kind) == is_read:
                draw -= share
                if draw < 0:
                    return kind
        return OK


def _is_read(kind: str) -> bool:
    return kind.startswith(READ_PREFIX)
