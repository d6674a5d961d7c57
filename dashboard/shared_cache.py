"""Cache shared by all web processes: rate-limit counters and one-time logout tokens.

In the database, not in the broker, because pages must work without the broker. With SQLite there
is one web process, whose memory is enough.
"""

from collections.abc import Mapping
from typing import override

from django.core.cache.backends.db import DatabaseCache
from django.db import connections, router, transaction

TABLE = "shared_cache"
LOCK = "SELECT 1 FROM shared_cache WHERE cache_key = %s FOR UPDATE"
# Beyond it Django deletes a third of the entries, counters too: more than addresses in a minute.
MAX_ENTRIES = 100_000
MEMORY = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}


def caches(engine: str) -> dict[str, Mapping[str, object]]:
    """Return Django's CACHES: `default` for each process, `shared` for all of them."""
    if engine != "django.db.backends.postgresql":
        return {"default": MEMORY, "shared": MEMORY}
    shared = {
        "BACKEND": "dashboard.shared_cache.CountingCache",
        "LOCATION": TABLE,
        "OPTIONS": {"MAX_ENTRIES": MAX_ENTRIES},
    }
    return {"default": MEMORY, "shared": shared}


class CountingCache(DatabaseCache):
    """Django's database cache with an atomic `incr`.

    Django reads and writes in two steps, so concurrent increments would be lost.
    """

    @override
    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """Add to a number under a row lock and return it."""
        database = router.db_for_write(self.cache_model_class)
        with transaction.atomic(using=database), connections[database].cursor() as cursor:
            cursor.execute(LOCK, [self.make_and_validate_key(key, version=version)])
            return int(super().incr(key, delta, version))
