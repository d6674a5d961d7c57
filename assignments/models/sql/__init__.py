"""SQL that Django's ORM cannot express, for SQLite and PostgreSQL.

Look-ups, bulk writes, text search indexes, secure deletion and ANALYZE. Neither tables nor
business rules are defined here.
"""
