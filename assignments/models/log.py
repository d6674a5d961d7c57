"""Tables of the audit log: entries, tree head, erasable personal values and verifications."""

from django.db import models


class LogEntry(models.Model):
    """One entry: `body` holds the exact bytes that were hashed; other columns are computed from it.

    `leaf` is the leaf hash of the body in the tree. It is stored so that a verification can tell
    which body was edited. `mac` is the MAC over it, by the key with the id `mac_key`.
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
    mac = models.BinaryField(max_length=32)
    mac_key = models.CharField(max_length=8)

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
    """The size and frontier of the tree, in one row that is locked to append entries.

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
        """Return how many entries the log has; 0 without a head."""
        return cls.objects.values_list("size", flat=True).first() or 0


class LogMacKey(models.Model):
    """A key of MACs by its fingerprint, pinned at the start of a process; the newest is in use."""

    number = models.PositiveBigIntegerField(primary_key=True)
    fingerprint = models.CharField(max_length=64)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"MAC key {self.number}"


class PersonalValue(models.Model):
    """A name, address or number of a person, with its commitment; deleting the row erases it."""

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
    """One verification of the log; while it has no `verdict` it is running.

    `by` is the ref of who requested it. `night` is the date of a nightly one, which the worker that
    inserts the row runs. `size` is how many entries the log had, `checked` how many were read so
    far, `seq` the first entry in question and `newest_seal` the number of the newest seal that
    matches. An e-mail about it is due at `email_at`.
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
