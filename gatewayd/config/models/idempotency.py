"""The sections `idempotency` and `routes[].idempotency`: requests that are carried out once."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.names import HeaderName, Method
from gatewayd.config.models.section import Section
from gatewayd.config.models.values import Duration, Size

_SHORTEST_LEASE = 1.0  # seconds: it is renewed three times in that time
_READ_ONLY = ("GET", "HEAD", "OPTIONS", "TRACE")


class Idempotency(Section):
    """Where the first answers are kept, for the routes that have `idempotency`, unless there is a Redis."""

    memory: Size = Field(default=64 << 20, description="Memory for kept answers; an eighth of it for one of them.")


def _unsafe(methods: tuple[str, ...]) -> tuple[str, ...]:
    """Methods that change something, each once."""
    if not methods:
        raise Complaint("no method is listed", "leave 'methods' out for POST and PATCH")
    for index, method in enumerate(methods):
        if method in _READ_ONLY:
            raise Complaint("{value} may be repeated as it is", "name methods that change something", at=(index,))
    return tuple(dict.fromkeys(methods))


def _lease(seconds: float) -> float:
    """A time in which it can be renewed."""
    if seconds < _SHORTEST_LEASE:
        raise Complaint("{value} is too little", "write 1s or more")
    return seconds


class RouteIdempotency(Section):
    """Requests with the same key are carried out once: whoever repeats one gets the first answer."""

    ttl: Duration = Field(default=86400.0, description="For how long an answer is remembered.")
    methods: Annotated[tuple[Method, ...], AfterValidator(_unsafe)] = Field(
        default=("POST", "PATCH"), description="Methods whose keys are looked at."
    )
    header: HeaderName = Field(default="Idempotency-Key", description="The header with the key.")
    required: bool = Field(default=False, description="Whether requests without a key are refused with 400.")
    anonymous: bool = Field(
        default=False,
        description="Whether callers that nobody knows may use keys; those of one address, or /64 network of IPv6, "
        "share them. If not, their keys are not looked at.",
    )
    max_body: Size = Field(
        default=1 << 20, description="The largest body of a request with a key, which is kept until it is whole."
    )
    max_answer: Size = Field(default=256 << 10, description="Answers with a larger body are not remembered.")
    lease: Annotated[Duration, AfterValidator(_lease)] = Field(
        default=60.0,
        description="For how long a key stays taken where nobody can say what came of its request: the service did not "
        "answer, or the gateway died.",
    )
    on_store_failure: Literal["local", "allow", "deny"] = Field(
        default="local",
        description="While Redis is away: each gateway remembers for itself, lets everything through, or answers 503.",
    )
    retry_safe: bool = Field(
        default=False,
        description="Whether the service knows these keys itself, so that the gateway may send a request again that it "
        "may have seen.",
    )
