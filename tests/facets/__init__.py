"""Lists of people filtered by facets."""
