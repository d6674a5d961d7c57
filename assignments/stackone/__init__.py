"""Client of the StackOne Unified LMS API: HTTP, JSON, errors and the timing of single calls.

Imports neither Django nor the rest of the product, so it could be published on its own.
`sandbox/` is an LMS for demos and tests that speaks the same API.
"""
