"""The client of the StackOne Unified LMS API: HTTP, JSON, errors and pacing of single calls.

Knows neither Django nor the rest of the product and could be published on its own. `sandbox/` is
an LMS for trying things out.
"""
