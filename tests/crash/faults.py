"""All kinds of faults, in proportions with which a run still ends."""

from collections.abc import Mapping

# Few of these suffice: a 429 stops every sender for a second, and a hang takes a slot for seconds.
OF_CREATES = {
    "500": 4.0,
    "502": 3.0,
    "408": 3.0,
    "reset-before": 5.0,
    "reset-after": 6.0,
    "malformed": 4.0,
    "wrong-type": 4.0,
    "hang": 0.3,
    "timeout-after": 0.3,
    "slow": 0.3,
    "429": 0.1,
}
OF_READS = {"get-500": 6.0, "get-slow": 0.3, "get-hang": 0.3, "get-429": 0.1}


def shares(creates: float, reads: float = 0) -> dict[str, float]:
    """Return the share of requests for each kind of fault, from the total shares."""
    return _scaled(OF_CREATES, creates) | _scaled(OF_READS, reads)


def _scaled(weights: Mapping[str, float], total: float) -> dict[str, float]:
    whole = sum(weights.values())
    return {kind: total * weight / whole for kind, weight in weights.items()}
