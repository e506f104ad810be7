"""The sections `services.NAME.retries` and `routes[].retries`: when a request is tried again."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.names import Method
from gatewayd.config.models.numbers import Share
from gatewayd.config.models.outcomes import ERRORS, Failing, codes
from gatewayd.config.models.section import Section, count
from gatewayd.config.models.values import (
    Duration,
    DurationOrOff,
    DurationOrZero,
    Kind,
    Off,
    OwnDurationOrOff,
    SizeOrZero,
)

_MOST_ATTEMPTS = 10
_ATTEMPTS = "Further attempts after the first; `0` is none."
_METHODS = "Methods that may be tried again once the service may have seen the request; others with `Idempotency-Key`."
_ON = "What is tried again; `connect` whatever the method, because nothing was sent."
_PER_TRY = "From an attempt's start until the head of its answer; beyond it the attempt counts as `timeout`."

_Methods = Annotated[tuple[Method, ...], AfterValidator(lambda methods: tuple(dict.fromkeys(methods)))]
_On = Annotated[tuple[Failing, ...], AfterValidator(lambda outcomes: tuple(dict.fromkeys(outcomes)))]
_OwnMethods = Annotated[_Methods | None, Kind("list of methods")]


class Hedge(Section):
    """Asks a second target when the first is slow, and takes the answer that comes first. Counts as a retry."""

    percentile: float = Field(
        default=95.0,
        ge=50,
        le=99.9,
        allow_inf_nan=False,
        description="Slow is what takes longer than so many of 100.",
    )
    least: DurationOrZero = Field(default=0.01, description="The second target is never asked sooner than this.")
    most: Duration = Field(default=1.0, description="It is never asked later than this.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        """What its values must agree on."""
        if self.least > self.most:
            raise Complaint("'least' is more than 'most'", "make it smaller, or set 'most'", at=("least",))
        return self


class Retries(Section):
    """When a request is tried again, and how often. All attempts share the deadline of the request."""

    attempts: int = count(1, _ATTEMPTS, least=0, most=_MOST_ATTEMPTS)
    methods: _Methods = Field(default=("GET", "HEAD", "OPTIONS", "TRACE"), description=_METHODS)
    on: _On = Field(default=("connect", "reset"), description=_ON)
    per_try: DurationOrOff = Field(default=None, description=_PER_TRY)
    backoff: DurationOrZero = Field(
        default=0.025, description="The longest pause before the first retry, doubled each time."
    )
    backoff_most: Duration = Field(
        default=1.0, description="The longest pause; where the service asks for a longer one, its answer stands."
    )
    body: SizeOrZero = Field(default=64 * 1024, description="Request bodies up to this size are kept to be sent again.")
    budget: Share = Field(default=0.2, description="Retries at a time, as a share of the service's requests in flight.")
    budget_least: int = count(3, "Retries at a time that are allowed however few requests there are.", least=0)
    hedge: Hedge | None = Field(default=None, description="Asks a second target when the first is slow.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        """What its values must agree on."""
        if self.backoff > self.backoff_most:
            hint = "make it shorter, or set 'backoff_most'"
            raise Complaint("'backoff' is longer than 'backoff_most'", hint, at=("backoff",))
        return self

    @property
    def kinds(self) -> frozenset[str]:
        """The errors that are tried again."""
        return frozenset(ERRORS).intersection(map(str, self.on))

    @property
    def codes(self) -> frozenset[int]:
        """The statuses that are tried again, one by one."""
        return codes(self.on)


class RouteRetries(Section):
    """What a route changes in its service's retries."""

    attempts: int | None = Field(default=None, ge=0, le=_MOST_ATTEMPTS, description=_ATTEMPTS)
    methods: _OwnMethods = Field(default=None, description=_METHODS)
    on: _On | None = Field(default=None, description=_ON)
    per_try: OwnDurationOrOff = Field(default=None, description=_PER_TRY)

    def over(self, service: Retries) -> Retries:
        """The retries of `service` with what is set here in their place."""
        own: dict[str, Any] = {
            name: value for name in RouteRetries.model_fields if (value := getattr(self, name)) is not None
        }
        return service.model_copy(update={name: None if value is Off.OFF else value for name, value in own.items()})
