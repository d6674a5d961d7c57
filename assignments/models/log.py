"""The audit log's tables: entries, the head of the tree, and erasable personal data beside them."""

from django.db import models


class LogEntry(models.Model):
    """One entry; `body` holds the exact bytes that were hashed, the rest are indexes into it.

    `leaf` is the hash of the body in the tree, kept so that an edited body is named.
    """

    seq = models.PositiveBigIntegerField(primary_key=True)
    at = models.DateTimeField()
    action = models.CharField(max_length=60)
    actor = models.CharField(max_length=60)
    cause = models.CharField(max_length=60, blank=True)
    account = models.CharField(max_length=200, blank=True)
    batch = models.CharField(max_length=60, blank=True)
    subject = models.CharField(max_length=60, blank=True)
    person = models.CharField(max_length=60, blank=True)
    result = models.CharField(max_length=30, blank=True)
    request_id = models.CharField(max_length=36, blank=True)
    search_text = models.TextField(blank=True)
    body = models.BinaryField()
    leaf = models.BinaryField(max_length=32)

    class Meta:
        indexes = [
            models.Index(fields=["actor", "-seq"], name="log_by_actor"),
            models.Index(fields=["action", "-seq"], name="log_by_action"),
            models.Index(fields=["batch", "-seq"], name="log_by_batch"),
            models.Index(fields=["subject", "-seq"], name="log_by_subject"),
            models.Index(fields=["person", "-seq"], name="log_by_person"),
            models.Index(fields=["result", "-seq"], name="log_by_result"),
            models.Index(fields=["request_id", "-seq"], name="log_by_request"),
            models.Index(fields=["at", "seq"], name="log_by_time_and_seq"),
        ]

    def __str__(self) -> str:
        return f"Entry {self.seq}"


class LogHead(models.Model):
    """The one row that is locked to append: how many entries, and the roots of their subtrees.

    `frontier` joins the 32-byte roots of the complete subtrees, largest first (RFC 9162 §2.1).
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    size = models.PositiveBigIntegerField(default=0)
    frontier = models.BinaryField(default=b"")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="the_log_has_one_head"),
        ]

    def __str__(self) -> str:
        return f"Head of {self.size} entries"

    @classmethod
    def entries(cls) -> int:
        """Return how many entries the log has; none without a head."""
        return cls.objects.values_list("size", flat=True).first() or 0


class PersonalValue(models.Model):
    """A name or address in clear beside its commitment; erasing the row forgets the person."""

    commitment = models.CharField(max_length=44, primary_key=True)
    ref = models.CharField(max_length=60)
    field = models.CharField(max_length=30)
    value = models.CharField(max_length=320)
    search_text = models.TextField()
    salt = models.BinaryField(max_length=16)

    class Meta:
        indexes = [
            models.Index(fields=["ref", "field"], name="personal_values_by_ref"),
        ]

    def __str__(self) -> str:
        return self.commitment


class Verification(models.Model):
    """One check of the log: what was found and when; without a verdict it is still going on.

    `night` is the day whose nightly check it is: the first worker to write it makes the check.
    `size` is how many entries there were, `checked` how many were read so far, `newest_seal`
    the number of the newest seal that fits. A letter is to be written about it at `email_at`.
    """

    at = models.DateTimeField()
    by = models.CharField(max_length=60)
    size = models.PositiveBigIntegerField(default=0)
    checked = models.PositiveBigIntegerField(default=0)
    root = models.CharField(max_length=64, blank=True)
    verdict = models.CharField(max_length=30, blank=True)
    seq = models.PositiveBigIntegerField(null=True, blank=True)
    newest_seal = models.PositiveBigIntegerField(null=True, blank=True)
    detail = models.CharField(max_length=500, blank=True)
    night = models.DateField(null=True, blank=True, unique=True)
    email_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["email_at"],
                condition=models.Q(email_at__isnull=False),
                name="alarms_to_send",
            ),
        ]

    def __str__(self) -> str:
        return f"Verification at {self.at}"
