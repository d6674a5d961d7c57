"""What all web processes count together: requests in a minute, and notices that are good once.

In the database, not in the broker: pages go on while the broker is away. With SQLite there is one
process, whose memory is enough.
"""

from typing import Any, override

from django.core.cache.backends.db import DatabaseCache
from django.db import connections, router, transaction

TABLE = "shared_cache"
# Beyond it a third is forgotten, counts too: more than anybody has addresses for in a minute.
MOST_ENTRIES = 100_000
MEMORY = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}


def caches(engine: str) -> dict[str, dict[str, Any]]:
    """Return Django's CACHES: one for each process, and one for all of them."""
    if engine != "django.db.backends.postgresql":
        return {"default": MEMORY, "shared": MEMORY}
    shared = {
        "BACKEND": "dashboard.shared_cache.CountingCache",
        "LOCATION": TABLE,
        "OPTIONS": {"MAX_ENTRIES": MOST_ENTRIES},
    }
    return {"default": MEMORY, "shared": shared}


class CountingCache(DatabaseCache):
    """Django's cache in a table, in which two that count at once are two.

    Django reads and writes in two steps, so that many at once would count as one.
    """

    @override
    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """Add to a number and return it; its row is held meanwhile."""
        database = router.db_for_write(self.cache_model_class)
        with transaction.atomic(using=database), connections[database].cursor() as cursor:
            # The table is our own name.
            held = f"SELECT 1 FROM {TABLE} WHERE cache_key = %s FOR UPDATE"  # noqa: S608  # nosec B608
            cursor.execute(held, [self.make_and_validate_key(key, version=version)])
            return int(super().incr(key, delta, version))
