"""Merkle: the tree over the entries (RFC 9162 section 2.1), its tiles, head and proofs.

Hashes in and hashes out; knows nothing of what an entry says. Calls no other folder.
"""
