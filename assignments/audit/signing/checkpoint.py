"""Checkpoints as C2SP has them (c2sp.org/tlog-checkpoint): a log's size and root in three lines."""

import base64
import re
from dataclasses import dataclass
from typing import Final, Self

from assignments.audit.merkle.tree import HASH_BYTES

_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")


class NotACheckpoint(Exception):
    """The text is no checkpoint."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself: who it is, how many entries it has and their root."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Return the text to be signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the checkpoint of a note's text; lines that follow the third mean nothing to us.

        :raises NotACheckpoint: if it is not written as one
        """
        origin, size, root, *_ = [*text.split("\n"), "", "", ""]
        try:
            raw = base64.b64decode(root, validate=True)
        except ValueError as error:
            raise NotACheckpoint("Its third line is no hash.") from error
        if not origin or not _SIZE.fullmatch(size) or len(raw) != HASH_BYTES:
            raise NotACheckpoint("It has no origin, size and hash.")
        return cls(origin, int(size), raw)
