"""Privacy: erasing people's data, legal holds, retention periods and pruning the log.

Sits above the other folders because it has to reach into all of them. Hiding secrets in messages
is not done here (`dashboard/redaction.py`).
"""
