"""What goes wrong on purpose, and how often."""

from collections import deque
from collections.abc import Mapping, Sequence

from assignments.stackone.sandbox.data.seeding import chance

OK = "ok"
READ_PREFIX = "get-"
READ_KINDS = ("429", "500", "slow", "hang")
KINDS = (
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
    *(READ_PREFIX + kind for kind in READ_KINDS),
)


class UnknownFault(ValueError):
    """No such fault, or shares that make no sense."""


def check(shares: Mapping[str, float]) -> dict[str, float]:
    """Return the shares if every kind exists and they add up to no more than one.

    :raises UnknownFault: otherwise, with a sentence for the person who wrote them
    """
    for kind, share in shares.items():
        if kind not in KINDS:
            raise UnknownFault(f"There is no fault {kind!r}: choose from {', '.join(KINDS)}.")
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
            raise UnknownFault(f"The share of {kind} must be between 0 and 1, not {share!r}.")
    for reads in (True, False):
        if sum(share for kind, share in shares.items() if _is_read(kind) == reads) > 1 + 1e-9:
            raise UnknownFault("The shares of all faults together must not exceed 1.")
    return dict(shares)


class Faults:
    """Decides for each request what goes wrong with it."""

    def __init__(self, shares: Mapping[str, float], seed: int) -> None:
        self._seed = seed
        self.replace(shares, [])

    def replace(self, shares: Mapping[str, float], script: Sequence[str]) -> None:
        """Start afresh with these shares, after the scripted creates.

        :raises UnknownFault: a kind does not exist or the shares make no sense
        """
        self._shares = check(shares)
        for kind in script:
            if kind != OK and (kind not in KINDS or _is_read(kind)):
                raise UnknownFault(f"There is no fault {kind!r} to script.")
        self._script = deque(script)
        self._creates = chance(self._seed, "faults of creates")
        self._reads = chance(self._seed, "faults of reads")

    def of_create(self) -> str:
        """Return what happens to the next create."""
        if self._script:
            return self._script.popleft()
        return self._drawn(self._creates.random(), reads=False)

    def of_read(self) -> str:
        """Return what happens to the next read."""
        return self._drawn(self._reads.random(), reads=True).removeprefix(READ_PREFIX)

    def _drawn(self, luck: float, *, reads: bool) -> str:
        for kind, share in self._shares.items():
            if _is_read(kind) == reads:
                luck -= share
                if luck < 0:
                    return kind
        return OK


def _is_read(kind: str) -> bool:
    return kind.startswith(READ_PREFIX)
