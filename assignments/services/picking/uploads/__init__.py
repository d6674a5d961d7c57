"""Uploads: read CSV and XLSX files of people, content and due dates, and check them row by row.

File formats, column detection and row validation. Reports every problem with its row; what is
picked is stored in the draft by `files`. People are looked up by `pasted_lists/`.
"""
