"""API calls: what the sending side needs to make them, whatever they are about.

Opening clients, the child process that makes the calls, the shared rate budget and, in `pacing/`,
the call rate. Knows nothing of batches or rows; calls no other folder of `services/`.
"""
