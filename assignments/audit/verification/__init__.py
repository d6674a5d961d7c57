"""Verification: check the whole log, one entry, search results or an exported file.

Also the status of the log as pages show it, and `standalone`, the verifier that is handed out with
every evidence pack and runs alone on any Python from 3.9 on.
"""
