"""Seals: sign the log's size and root hash, keep a second copy, and know which seals to trust.

The format of the signature belongs in `signing/`. May call everything below it, `log.py` included.
"""
