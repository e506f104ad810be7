"""The section `shedding`: what is refused when the gateway is overloaded."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.section import Section
from gatewayd.config.models.values import Duration


class Shedding(Section):
    """When the process falls behind, it refuses requests with 503: the lowest `priority` of routes first."""

    enabled: bool = Field(default=True, description="Whether requests are refused at all.")
    lag: Duration = Field(default=0.2, description="How late the process may be before it refuses the first.")
    lag_full: Duration = Field(
        default=1.0, description="How late it is when it refuses all but the `critical`; those at twice this."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        """What its values must agree on."""
        if self.lag >= self.lag_full:
            raise Complaint("'lag' is not less than 'lag_full'", "make it smaller, or set 'lag_full'", at=("lag",))
        return self
