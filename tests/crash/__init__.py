"""Kills and faults against the real processes, and what must be true after them."""
