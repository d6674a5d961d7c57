"""The audit log: append-only, tamper-evident entries in a Merkle tree, with signed seals.

Knows nothing of assignments: callers say what happened in `Event`s and `log.record` appends them
in the caller's transaction. The folders are ordered from `merkle/` at the bottom to `export/` on
top; a folder may import only those below it. `log.py` appends; `pruning.py` removes old entries by
whole sealed ranges.
"""
