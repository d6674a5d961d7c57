"""Tuned limits of the log search, and what was measured to choose them.

Databases estimate badly how many entries a word or a person matches, so these numbers decide
between the index and the end of the log, instead of the database's planner.

Measured in November 2026 on two shared cores with logs of 100,000, 1 and 10 million entries
(`python -m bench audit`; docs/performance.md has the whole table):

| what is done | time |
| --- | --- |
| two terms, each in more than 20,000 entries, scanned from an index: SQLite | 19, 71, 209 ms |
| old matches, read back from the end of 10 million entries instead: SQLite | 1.1 s |
| two frequent terms, all of their candidates counted instead: 10 million | 0.8 s |
| a word in a fifth of 10 million: PostgreSQL's index collects its candidates | 0.5 s |
| an entry after a span of dates, skipped | 1 µs |
"""

from typing import Final

# Matches are counted up to this number.
COUNT_CAP: Final = 10_000
# Up to this many candidates are cheaper to recheck than the log is to read from its end.
MAX_CANDIDATES: Final = 20_000
# Looking up another index costs as much as rechecking a fifth of the most candidates.
LOOKUP_COST: Final = 5
# Entries at the end of the log that are read before an index is used.
TAIL: Final = 20_000
# Candidates that are rechecked together when scanning an index.
SCAN_STEP: Final = 20_000
# In a log as long as this an index that collects all candidates first is slower than reading
# 800,000 entries, which is enough to count to the cap if MIN_TAIL_MATCHES of the tail match.
LONG_LOG: Final = 2_000_000
MIN_TAIL_MATCHES: Final = 500
# The term whose newest entries, this many, reach further back is the rarer one. Fewer entries
# would not tell, because a bulk action writes many entries in one place.
COMPARED_ENTRIES: Final = 5_000
# Finding the last entry of a span of dates reads the whole span; with more entries after it than
# this, that is cheaper than skipping them.
MAX_LATER_ENTRIES: Final = 5_000
