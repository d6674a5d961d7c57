"""Exporting: log exports as jobs, which are requested, written, downloaded and recalled.

The file formats belong in `audit/export/`. Records every request and download in the log.
"""
