"""Tables for proofs about the log: seals (signed checkpoints) and tiles (stored hashes)."""

from django.db import models


class LogSeal(models.Model):
    """A signed checkpoint of the log's first `size` entries.

    `note` is the exact signed text (C2SP signed-note), the source of other columns. `reason` is
    "schedule", "export" or "request".
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
    """Up to 256 joined hashes of subtrees with 256^level leaves each; the last tile grows.

    A cache that can be recomputed from the entries, unless these were pruned.
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
