"""Pacing: how many API calls may be sent, and when each.

The interface is two modules; all others are private to this folder, and a contract in
`pyproject.toml` holds that. To change what is sent, nobody has to read them.

- `rate_budget`: the calls a second of the API key, which all processes share. `reserve` returns
  the times at which calls may be sent, `wait_for_slot` waits for one, and `back_off` makes
  all of them wait after a 429 of StackOne.
- `pacer`: how many calls a sender may start now. Its `Pacer` learns from `record_started` and
  `record_ended`; `startable_calls` returns the number, `store_rate` keeps it for pages.

Within: `rate_policy` combines the configured rate, the advertised limit, the limit learned from
refusals (with its backoff and recovery) and the concurrency limit; `pacer` adds the circuit
breaker. These are pure rules over numbers and monotonic seconds, without database or network.
May call `calls/`.
"""
