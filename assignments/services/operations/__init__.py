"""Operations: keeping the installation healthy.

The doctor's checks, worker heartbeats, the broker and people's display preferences. Nothing here
changes what is assigned.
"""
