"""The section `services.NAME.concurrency`: how many requests a service gets at a time."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.numbers import CountOrUnlimited
from gatewayd.config.models.section import Section, count
from gatewayd.config.models.values import Duration


class Adaptive(Section):
    """Finds the limit by itself: it falls when answers become slower, and rises while they do not."""

    least: int = count(10, "The limit never falls below this.")
    most: int = count(1000, "The limit never rises above this.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        """What its values must agree on."""
        if self.least > self.most:
            raise Complaint("'least' is more than 'most'", "make it smaller, or set 'most'", at=("least",))
        return self


class Concurrency(Section):
    """How many requests of each process a service answers at a time, and how many may wait for it."""

    most: CountOrUnlimited = Field(default=None, description="Requests at a time; beyond it they wait.")
    adaptive: Adaptive | None = Field(default=None, description="Instead of `most`: a limit that finds itself.")
    queue: int = count(0, "Requests that may wait; beyond it 503.", least=0, most=100_000)
    wait: Duration = Field(default=1.0, description="The longest time a request waits; beyond it 503.")
    order: Literal["fifo", "lifo_under_pressure"] = Field(
        default="fifo",
        description="Who is next: the oldest; or the newest while more than half of the queue is taken, since its "
        "client is the likeliest to be there still.",
    )
