"""What vouches for the log: signed statements of its size and root, and rows of hashes."""

from django.db import models


class LogSeal(models.Model):
    """One seal; `note` is the exact signed text, the rest are indexes into it.

    Its size and root are those of the log's first `size` entries.
    """

    number = models.PositiveBigIntegerField(primary_key=True)
    at = models.DateTimeField()
    size = models.PositiveBigIntegerField()
    key = models.CharField(max_length=200)
    reason = models.CharField(max_length=20)
    note = models.TextField()

    class Meta:
        indexes = [models.Index(fields=["size"], name="log_seals_by_size")]

    def __str__(self) -> str:
        return f"Seal {self.number}"


class LogTile(models.Model):
    """Up to 256 hashes of subtrees with 256^level leaves each, side by side; the last one grows.

    A cache: all of it can be worked out from the entries again.
    """

    level = models.PositiveSmallIntegerField()
    number = models.PositiveBigIntegerField()
    hashes = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["level", "number"], name="a_tile_is_there_once"),
        ]

    def __str__(self) -> str:
        return f"Tile {self.number} of level {self.level}"
