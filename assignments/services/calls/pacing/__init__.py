"""Pacing: how many calls may start now.

The configured rate, advertised limits, back-off after refusals, recovery, concurrency and the
circuit breaker, combined by `pacer`. Pure rules over numbers and times: no database, no network.
"""
