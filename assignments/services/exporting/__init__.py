"""Exporting: log exports as jobs, which are requested, written, downloaded and recalled.

The file formats belong in `audit/export/`. Every request and download is recorded in the log.
"""
