"""What clients are told about limits, in the form of the draft."""

from __future__ import annotations

from gatewayd.core.gcra import Rate, Verdict
from gatewayd.core.limitheaders import Lines, retry_after
from gatewayd.core.quota import Quota, window_at
from gatewayd.core.ratelimits import Policy, Rule

NOVEMBER = window_at("month", 1795608000.0)


def test_a_rate_and_a_quota() -> None:
    """Both are policies; what remains is said of the one that is nearer."""
    lines = Lines(Rule(Policy("api", headers="both"), Rate(100, 0.5, 20), Quota(5000, "month")))
    policies = b'RateLimit-Policy: "api";q=100;w=1, "api-quota";q=5000;w=2592000\r\n'
    assert lines.of(Verdict(True, 7, 0.0, 1.2), NOVEMBER) == policies + (
        b'RateLimit: "api";r=7;t=2\r\nX-RateLimit-Limit: 100\r\nX-RateLimit-Remaining: 7\r\nX-RateLimit-Reset: 2\r\n'
    )
    assert lines.of(Verdict(True, 3, 0.0, 90.0, by_quota=True), NOVEMBER) == policies + (
        b'RateLimit: "api-quota";r=3;t=90\r\n'
        b"X-RateLimit-Limit: 5000\r\nX-RateLimit-Remaining: 3\r\nX-RateLimit-Reset: 90\r\n"
    )


def test_when_to_ask_again() -> None:
    """Whole seconds, and never at once."""
    waits = [Verdict(False, 0, seconds, 9.0) for seconds in (0.0, 0.2, 1.0, 1.1)]
    assert [retry_after(verdict) for verdict in waits] == [b"Retry-After: %d\r\n" % n for n in (1, 1, 1, 2)]
