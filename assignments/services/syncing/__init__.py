"""Syncing: copy people, content and existing assignments from the LMS into our tables.

Sync runs, storage of pages, prefetching, facets of custom fields, and refreshing the assignments
of the people in a plan. May call `pacing/`, `planning/` and `calls/`; never changes a submitted
batch.
"""
