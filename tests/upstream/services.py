"""A service whose targets fail when the test says so; time and chance are the test's as well."""

from __future__ import annotations

from typing import Any

from gatewayd.config.models.address import Address
from gatewayd.core.backoff import Backoff
from gatewayd.core.breaker import Breaker, Settings
from gatewayd.core.outcomes import Outcome
from gatewayd.core.streak import Health
from gatewayd.upstream.service import Service
from gatewayd.upstream.target import Target
from tests.upstream.fakes import Connection, Limits, World

OUT = 10.0  # seconds for which a target is ejected the first time


class Failing(Target[Connection]):
    """A target called by a short name, with a pool of its own."""

    def __init__(self, name: str, **settings: Any) -> None:
        self.world = World(Limits(connections=1))
        where = Address("tcp", name, 80)
        super().__init__(f"http://{name}", name.encode(), self.world.pool, address=where, **settings)

    def __repr__(self) -> str:
        """Its name."""
        return self.url.removeprefix("http://")

    def answers(self, now: float, outcome: Outcome = Outcome.SUCCESS) -> None:
        """A request it was asked for comes to this."""
        if (permit := self.permit(now)) is not None:
            permit.report(outcome, now)

    def fails(self, now: float) -> None:
        """As often as it takes to eject it: twice."""
        self.answers(now, Outcome.FAILURE)
        self.answers(now, Outcome.FAILURE)


class Chance:
    """Answers `number`, unless there is something in `rolled`: the numbers to answer first."""

    def __init__(self) -> None:
        self.number = 0.0
        self.rolled: list[float] = []

    def __call__(self) -> float:
        """The next one."""
        return self.rolled.pop(0) if self.rolled else self.number


class Place:
    """A service, and who of its targets is asked at which time."""

    def __init__(self, *targets: Failing, **settings: Any) -> None:
        self.now = 100.0
        self.chance = Chance()
        self.service: Service[Connection] = Service("payment", random=self.chance, **settings)
        for target in targets:
            self.ejects(target)
        self.service.replace(targets, self.now)

    def ejects(self, target: Failing) -> None:
        """Let two failures in a row eject `target`, as services are built."""
        settings = Settings(consecutive=2, open=Backoff(OUT, 2.0, 300.0, 0.0), probes=1, ramp=0.0)
        service = self.service
        target.ejection = Breaker(
            settings,
            lambda: 0.5,
            lambda transition: service.refresh(transition.at),
            lambda: service.may_eject(target, self.now),
        )

    def ill(self, *targets: Failing) -> None:
        """The checks of these targets fail from now on, those of all others do not."""
        for target in self.service.targets:
            target.health = Health.UNHEALTHY if target in targets else Health.HEALTHY
        self.service.refresh(self.now)

    def pick(self, *tried: Failing, key: bytes | None = None) -> Target[Connection]:
        """Whom a request goes to."""
        return self.service.pick(key, self.now, tried)

    def asked(self, requests: int = 12, *tried: Failing) -> set[Target[Connection]]:
        """Whom so many requests go to."""
        return {self.pick(*tried) for _ in range(requests)}


def three() -> tuple[Failing, Failing, Failing]:
    """Targets that are alike."""
    return Failing("a"), Failing("b"), Failing("c")
