"""Uploads: read CSV and XLSX files of people, content and due dates, and validate their rows.

File formats, column detection and row validation. Every problem is reported with its row; `files`
stores the valid rows in the draft. People are looked up by `pasted_lists/`.
"""
