"""How many requests a service can answer at once, learned from how long its answers take.

After the Gradient2 limit of Netflix's concurrency-limits: the latency of the last moment is compared with that of the
last minutes. While the two are alike, the service takes what it gets, and the limit grows; once answers take longer
than `tolerance` times what they used to, requests wait inside the service, and the limit shrinks by that ratio.

Three things are added. Moments last as long as an answer takes, so that a limit is judged by answers that were asked
for under it. Answers that were no answers (refused for overload, or too late) make the limit shrink by their share,
whatever the others' latency. And until answers slow down for the first time the limit doubles, as TCP's window does in
its slow start (RFC 5681 section 3.1): so it begins where latency is sure to be unspoilt, and is where it belongs in
seconds.
"""

from __future__ import annotations

from math import sqrt

_MOMENT = 0.25  # seconds: the least time, and
_SAMPLES = 10  # the fewest answers, from which one moment's latency is taken (WindowedLimit's least is 10 as well)
_MEMORY = 600.0  # seconds over which the usual latency is averaged (Gradient2: 600 windows of a second)
_FIRST = 3  # moments that nothing is concluded from, and
_WARM_UP = 10  # of which a plain average is taken, for the usual latency to become usual
_SMOOTHING = 0.2  # how far one moment moves the limit towards what it calls for
_STEEPEST = 0.5  # a moment never calls for less than this share of the limit
_FORGETTING = 0.95  # where the usual latency is over twice what is measured it is out of date: a slow time is over


class Gradient:
    """An adaptive limit between `least` and `most`; `limit` is what holds now.

    It begins with `least`. `tolerance` is how many times the usual latency still passes for the usual one. The usual
    latency follows a change that stays, over some ten minutes: the limit guards against getting slow, not against
    being slow, and where every place is taken for longer than that, it creeps towards `most`.
    """

    __slots__ = (
        "_began",
        "_busiest",
        "_count",
        "_dropped",
        "_exact",
        "_latency",
        "_least",
        "_moments",
        "_most",
        "_seconds",
        "_starting",
        "_tolerance",
        "_until",
        "_usual",
        "limit",
    )

    def __init__(self, least: int, most: int, tolerance: float = 1.5) -> None:
        assert 1 <= least <= most
        assert tolerance >= 1.0
        self._least = least
        self._most = most
        self._tolerance = tolerance
        self._exact = float(least)
        self.limit = least
        self._starting = True  # until answers slow down
        self._usual = 0.0  # seconds an answer usually takes
        self._latency = 0.0  # seconds one took in the moment before
        self._moments = 0  # that went into it, up to the end of the warm-up
        # The moment that goes on.
        self._began = self._until = 0.0
        self._count = self._dropped = self._busiest = 0
        self._seconds = 0.0

    def observe(self, seconds: float, in_flight: int, dropped: bool, now: float) -> None:
        """An answer took `seconds`, and came while `in_flight` requests were there, this one included.

        `dropped`: the service did not cope (it refused for overload, or no answer came in time); what that took is
        no measure of its speed.
        """
        count = self._count
        if not count:
            self._began = now
            latency = self._latency
            self._until = now + (latency if latency > _MOMENT else _MOMENT)
        self._count = count = count + 1
        if in_flight > self._busiest:
            self._busiest = in_flight
        if dropped:
            self._dropped += 1
        else:
            self._seconds += seconds
        if count >= _SAMPLES and now >= self._until:
            self._judge(now - self._began)

    def _judge(self, lasted: float) -> None:
        """A moment of `lasted` seconds is over: move the limit, and begin the next."""
        answered = self._count - self._dropped
        ratio = 1.0 - self._dropped / self._count
        if answered:
            self._latency = latency = self._seconds / answered
            if self._moments >= _FIRST and latency > 0.0:
                ratio = min(ratio, self._tolerance * self._usual / latency)
            self._remember(latency, lasted, ratio < 1.0)
        if ratio < 1.0:
            self._starting = False
        # Where less than half of the limit was in use, neither speed nor slowness was the limit's doing.
        if self._busiest * 2 >= self.limit and (self._moments > _FIRST or ratio < 1.0):
            exact = self._exact
            if self._starting:
                exact *= 2
            else:
                # The root is the queue a service may have: it lets the limit grow, and matters less the larger that is.
                aim = exact * max(_STEEPEST, ratio) + sqrt(exact)
                exact += (aim - exact) * _SMOOTHING
            self._exact = exact = min(max(exact, self._least), self._most)
            self.limit = int(exact)
        self._count = self._dropped = self._busiest = 0
        self._seconds = 0.0

    def _remember(self, latency: float, lasted: float, slow: bool) -> None:
        """Let a moment's latency into the usual one; a slow moment is not what will be usual."""
        weight = lasted / (_MEMORY + lasted)
        if self._moments < _WARM_UP:
            self._moments += 1
            if not slow:
                weight = 1.0 / self._moments
        usual = self._usual + (latency - self._usual) * weight
        self._usual = usual * _FORGETTING if usual > 2 * latency else usual
