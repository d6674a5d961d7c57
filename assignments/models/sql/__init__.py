"""SQL: what Django's ORM cannot say, for SQLite and PostgreSQL alike.

Look-ups, bulk writes, text search indexes, secure deletion and ANALYZE. No table is defined here
and no rule of the product.
"""
