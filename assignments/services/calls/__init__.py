"""Calls: everything the sending side needs to make API calls, except what the calls are about.

Opening clients, the child process that makes the calls, the shared rate budget and, in `pacing/`,
the rate itself. Knows nothing of batches or rows; calls no other folder.
"""
