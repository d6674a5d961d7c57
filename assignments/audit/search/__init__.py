"""Search: find entries by a query, with its parser, filters, date ranges and completion.

Verifying the entries that a search returns belongs in `verification/`, writing them to files in
`export/`.
"""
