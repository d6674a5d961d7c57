"""Views: request in, one form, one service call or query, response out.

Permissions and the clock are here; rules are not. Models are imported for their types only.
"""
