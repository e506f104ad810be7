"""What answers tell clients about limits.

`RateLimit` and `RateLimit-Policy` are those of draft-ietf-httpapi-ratelimit-headers-10, structured fields (RFC 9651).
The older `X-RateLimit-*` have never been written down; here all their numbers are permits and seconds from now.
"""

from __future__ import annotations

from math import ceil

from gatewayd.core.gcra import Verdict
from gatewayd.core.quota import Window
from gatewayd.core.ratelimits import Rule


class Lines:
    """Makes the field lines of one rule."""

    __slots__ = ("_legacy", "_name", "_policy", "_quota", "_rate", "_standard")

    def __init__(self, rule: Rule) -> None:
        headers = rule.policy.headers
        self._standard = headers in ("standard", "both")
        self._legacy = headers in ("legacy", "both")
        self._name = rule.policy.name.encode("ascii")
        rate = rule.rate
        self._rate = 0 if rate is None else rate.limit
        self._quota = 0 if rule.quota is None else rule.quota.limit
        self._policy = b"" if rate is None else b'"%b";q=%d;w=%d' % (self._name, rate.limit, ceil(rate.period))

    def of(self, verdict: Verdict, window: Window) -> bytes:
        """The lines that say what `verdict` says; `window` is that of the quota, if the rule has one."""
        lines = b""
        reset = ceil(verdict.reset_after)
        if self._standard:
            name, policy = self._name, self._policy
            if self._quota:
                name = b"%b-quota" % name
                item = b'"%b";q=%d;w=%d' % (name, self._quota, window.seconds)
                policy = b"%b, %b" % (policy, item) if policy else item
                if not verdict.by_quota:
                    name = self._name
            lines = b'RateLimit-Policy: %b\r\nRateLimit: "%b";r=%d;t=%d\r\n' % (policy, name, verdict.remaining, reset)
        if self._legacy:
            lines += b"X-RateLimit-Limit: %d\r\nX-RateLimit-Remaining: %d\r\nX-RateLimit-Reset: %d\r\n" % (
                self._quota if verdict.by_quota else self._rate,
                verdict.remaining,
                reset,
            )
        return lines


def retry_after(verdict: Verdict) -> bytes:
    """The line that says when it is worth asking again (RFC 9110 section 10.2.3)."""
    return b"Retry-After: %d\r\n" % max(1, ceil(verdict.retry_after))
