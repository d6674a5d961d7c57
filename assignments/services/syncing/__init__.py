"""Syncing: bring people, content and existing assignments from the LMS into our tables.

Sync runs, page storage, prefetching, facets of custom fields and refreshing what the people of a
plan already have. May call `planning/` and `calls/`; never changes a batch.
"""
