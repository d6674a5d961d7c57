"""Privacy: erasure of personal data, legal holds, retention periods and pruning of the log.

Sits above the other folders because an erasure reaches into all of them. Redacting secrets in error
messages is not done here (`dashboard/redaction.py`).
"""
