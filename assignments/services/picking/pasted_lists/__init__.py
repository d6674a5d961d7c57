"""Pasted lists: turn pasted text into people of the directory.

Cutting text into tokens, looking people up, classifying what matched and suggesting corrections.
Files belong in `uploads/`, which uses the same look-up.
"""
