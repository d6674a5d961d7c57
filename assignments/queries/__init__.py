"""Queries: everything that pages and services read from the tables.

Functions are named by noun phrases for what they return. They never write and do not know HTTP.
"""
