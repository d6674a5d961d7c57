"""Checkpoints of the C2SP tlog-checkpoint format: a log's origin, size and root in three lines.

Specification: https://c2sp.org/tlog-checkpoint
"""

import base64
import re
from dataclasses import dataclass
from typing import Final, Self

from assignments.audit.merkle.tree import HASH_BYTES

_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")


class InvalidCheckpoint(Exception):
    """The text is not a checkpoint."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's origin (its name), how many entries it has, and the root over them."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Return the text to be signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the checkpoint in a note's text; extension lines after the third are ignored.

        :raises InvalidCheckpoint: if the text has another format
        """
        origin, size, encoded, *_ = [*text.split("\n"), "", "", ""]
        try:
            root = base64.b64decode(encoded, validate=True)
        except ValueError as error:
            raise InvalidCheckpoint("Its third line is not a hash.") from error
        if not origin or not _SIZE.fullmatch(size) or len(root) != HASH_BYTES:
            raise InvalidCheckpoint("It has no origin, size and hash.")
        return cls(origin, int(size), root)
