"""Queries: every question that a page or a service asks of the tables.

Names are noun phrases for what is returned. Nothing here writes, and nothing here knows HTTP.
"""
