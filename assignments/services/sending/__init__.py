"""Sending: claim rows, make the calls, record outcomes, and settle unknown rows by read-back.

The sender's loop, leases, claims, outcomes and reconciliation. Opening connections and keeping to
the rate limit belong in `calls/`; what people do to a batch belongs in `batches/`. May call
`batches/`, `planning/`, `calls/` and their neighbours; never `picking/` or `submitting/`.
"""
