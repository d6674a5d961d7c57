"""Pasted lists: turn pasted text into people of the directory.

Splitting text into words, looking people up, classifying the matches and suggesting corrections.
Files belong in `uploads/`, which uses the same look-up.
"""
