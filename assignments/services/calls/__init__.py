"""API calls: what the sending side needs to make them, whatever they are about.

Opening clients, and the child process that makes the calls. `pacing/` decides how fast. Knows
nothing of batches or rows; calls no other folder of `services/`.
"""
