"""Entries: what one entry is made of and how it is read.

Actors, canonical JSON (RFC 8785), commitments to personal data, search text and readable
sentences. Appending belongs in `log.py`. May call `signing/` and `merkle/`.
"""
