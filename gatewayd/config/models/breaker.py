"""The section `services.NAME.breaker`: when a service is left alone."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.numbers import CallWindow, CountOrOff, Share, ShareOrOff, Window
from gatewayd.config.models.outcomes import ERRORS, BadStatus, ErrorKind, codes
from gatewayd.config.models.section import Section, count
from gatewayd.config.models.values import Duration, DurationOrOff, DurationOrZero


def check_window(window: Window, minimum: int) -> None:
    """Raise `Complaint` if `window` never has the `minimum` of calls."""
    if window.calls is not None and window.calls < minimum:
        message = f"a window of {window.calls} calls never has the minimum of {minimum}"
        raise Complaint(message, "make the window larger, or 'minimum' smaller", at=("window",))


class Breaker(Section):
    """The circuit breaker: while a service fails, requests are refused at once with 503 instead of waiting for it."""

    mode: Literal["auto", "forced_open", "forced_closed", "metrics_only", "off"] = Field(
        default="auto",
        description="`auto` opens and closes by the rules below; `metrics_only` counts and never refuses; "
        "`forced_open` refuses everything, `forced_closed` nothing; `off` counts nothing either.",
    )
    window: CallWindow = Field(
        default=Window(calls=100), description="The latest calls that rates are worked out from: how many, or how long."
    )
    minimum: int = count(10, "Calls in the window before its rates count.")
    failure_rate: ShareOrOff = Field(default=0.5, description="Opens when this share of the calls failed.")
    slow_rate: ShareOrOff = Field(default=None, description="Opens when this share of the calls was slow.")
    slow_after: DurationOrOff = Field(
        default=None, description="A call is slow if the head of its answer takes longer than this."
    )
    consecutive: CountOrOff = Field(default=None, description="Opens after this many failures in a row.")
    open: Duration = Field(default=30.0, description="How long it stays open the first time.")
    open_most: Duration = Field(default=300.0, description="The longest it stays open.")
    factor: float = Field(
        default=2.0, ge=1, le=10, allow_inf_nan=False, description="Each time in a row it stays open longer by this."
    )
    jitter: Share = Field(default=0.1, description="How much that time varies, so that gateways do not act as one.")
    probes: int = count(3, "Calls let through after that; all must succeed, or it opens again.", most=1000)
    ramp: DurationOrZero = Field(
        default=10.0, description="Once closed, calls are let through in growing number for this long; `0s` is at once."
    )
    statuses: tuple[BadStatus, ...] = Field(
        default=(500, 502, 503, 504),
        description="Answers that count as failures. A client can provoke 501 and 505 by asking for nonsense.",
    )
    errors: tuple[ErrorKind, ...] = Field(
        default=ERRORS, description="What counts as a failure where no answer came; `timeout` also when connecting."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        """What its values must agree on."""
        check_window(self.window, self.minimum)
        if self.open > self.open_most:
            raise Complaint("'open' is longer than 'open_most'", "make it shorter, or set 'open_most'", at=("open",))
        if self.failure_rate is None and self.slow_rate is None and self.consecutive is None and self.mode == "auto":
            hint = "set failure_rate, slow_rate or consecutive, or mode: off"
            raise Complaint("nothing can open this breaker", hint, at=("failure_rate",))
        return self

    @property
    def codes(self) -> frozenset[int]:
        """The statuses that count as failures, one by one."""
        return codes(self.statuses)
