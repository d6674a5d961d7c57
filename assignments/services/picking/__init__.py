"""Picking: everything a manager does to a draft before the review.

Drafts, their people and content, audiences, pasted lists, uploaded files and copies of batches
belong here. Freezing the draft into a plan does not (`planning/`). May call `planning/` and the
folders below it; never `submitting/` or `sending/`.
"""
