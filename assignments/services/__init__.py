"""Services: the rules of the product, each write in one transaction together with its log entries.

Every change of state happens here and nowhere else. Pages, commands and tasks call one service
each and pass the time in; services read through `queries/`, write `models/`, append to `audit/`,
and are the only code that talks to `stackone/`. Each folder has one subject; a folder may import
only the folders below it in the contract in `pyproject.toml`.
"""
