"""Sending: claim rows, make the calls, record outcomes, and settle unknown rows by read-back.

The sender's loop, leases, claims, outcomes and reconciliation. Opening connections belongs
in `calls/`, the rate of calls in `pacing/`, what people do to a batch in `batches/`. May call
these, `planning/` and their neighbours; never `picking/` or `submitting/`.
"""
