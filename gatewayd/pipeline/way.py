"""How requests of a route reach a service: everything decided that can be decided before one comes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatewayd.core.messages import RequestHead
from gatewayd.core.outcomes import Rules
from gatewayd.core.quantiles import Quantile
from gatewayd.core.retry import Retries
from gatewayd.http.interfaces import RequestTimeouts

if TYPE_CHECKING:
    from gatewayd.pipeline.edits import Edits
    from gatewayd.pipeline.keys import KeyOf
    from gatewayd.pipeline.proving import Proof


@dataclass(frozen=True, slots=True)
class Hedge:
    """A second target is asked when an answer takes longer than `slow` says of earlier ones, in seconds.

    `least` and `most` bound that; `most` holds as long as nothing is known.
    """

    slow: Quantile
    least: float
    most: float

    def delay(self) -> float:
        """How long to wait for the first target alone."""
        value = self.slow.value()
        return self.most if value is None else min(self.most, max(self.least, value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """`total` bounds a whole request, in seconds, `body_size` its body, in bytes; None for no bound.

    `host` is the Host to send: None for the client's, b"" for the target's own. `retarget` makes the target the service
    sees, None leaves it as it is. `rules` say which outcomes count as failures; `per_try` bounds, in seconds, the wait
    for the answer of one target. `key` tells which requests the service's balancing keeps together, `stay` what a
    request's cookie says about the target it stays with; None where neither is asked for. `lines` are more field lines
    that every request gets, `proof` makes one by which the service knows who sent the request.
    """

    rules: Rules
    timeouts: RequestTimeouts
    total: float | None
    body_size: int | None
    host: bytes | None
    retarget: Callable[[RequestHead], bytes] | None
    request_edits: Edits | None
    response_edits: Edits | None
    retries: Retries | None
    per_try: float | None
    hedge: Hedge | None
    key: KeyOf | None
    stay: KeyOf | None
    lines: bytes = b""
    proof: Proof | None = None
