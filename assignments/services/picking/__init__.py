"""Picking: choose the people and content of a draft, until it is reviewed.

Drafts, audiences, pasted lists, uploaded files and copies of batches belong here. Freezing the
draft into a plan does not (`planning/`). May call `planning/` and its own folders; never
`submitting/` or `sending/`.
"""
