"""Pacing: how many calls may be sent now.

The configured rate, advertised limits, backoff after refusals, recovery, concurrency and the
circuit breaker, combined by `pacer`. All but `pacer` are pure rules over numbers and times, without
database or network; their times are monotonic seconds.
"""
