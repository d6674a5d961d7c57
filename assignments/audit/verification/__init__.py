"""Verification: verify the whole log, one entry, search results or an exported file.

Also the status of the log for pages and metrics, and `standalone`, the verifier inside every
evidence pack, which must run without the product on Python 3.9 and later.
"""
