"""Integrity: the rules that an unaltered log keeps, and what happens when they are broken.

Rules for each entry, reading the log for checks, verdicts, database triggers and grants, recovery
from a damaged head, and the alarm. Whole verification runs belong in `verification/`.
"""
