"""The section `services.NAME.ejection`: when a single target is left alone."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.breaker import check_window
from gatewayd.config.models.numbers import CallWindow, CountOrOff, ShareOrOff, Window
from gatewayd.config.models.section import Section, count
from gatewayd.config.models.values import Duration, DurationOrZero


class Ejection(Section):
    """Targets that fail are passed over for a while; never the last one. `breaker` says what counts as a failure."""

    enabled: bool = Field(default=True, description="Whether targets are ejected.")
    consecutive: CountOrOff = Field(default=5, description="Ejects after this many failures in a row.")
    failure_rate: ShareOrOff = Field(default=0.8, description="Ejects when this share of the target's calls failed.")
    window: CallWindow = Field(
        default=Window(calls=100),
        description="The target's latest calls that the rate is worked out from: how many, or how long.",
    )
    minimum: int = count(20, "Calls in the window before its rate counts.")
    time: Duration = Field(default=10.0, description="How long it is passed over the first time; doubled each time.")
    time_most: Duration = Field(default=300.0, description="The longest it is passed over.")
    ramp: DurationOrZero = Field(
        default=10.0, description="Once back, it gets requests in growing number for this long; `0s` is at once."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        """What its values must agree on."""
        check_window(self.window, self.minimum)
        if self.time > self.time_most:
            raise Complaint("'time' is longer than 'time_most'", "make it shorter, or set 'time_most'", at=("time",))
        if self.consecutive is None and self.failure_rate is None and self.enabled:
            hint = "set consecutive or failure_rate, or enabled: false"
            raise Complaint("nothing can eject a target", hint, at=("consecutive",))
        return self
