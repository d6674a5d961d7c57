"""Submitting: from a reviewed plan to a batch that may be sent.

Submission, four-eyes approval and its policy, the grace period, the start time and mandatory
content. What happens to a batch after its release belongs in `batches/`. May call `batches/`,
`operations/`, `syncing/` and the folders below them.
"""
