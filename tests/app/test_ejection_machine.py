"""Whatever happens to the targets of a service in whatever order: whoever can answer is asked, and somebody is left."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gatewayd.app.services import Place
from gatewayd.core.breaker import Permit, State
from gatewayd.core.membership import Found
from gatewayd.core.outcomes import Outcome
from gatewayd.core.streak import Health
from tests.app.world import World

CHOICE = st.integers(min_value=0, max_value=50)
ENDS = [Outcome.SUCCESS, Outcome.FAILURE, Outcome.FAILURE, Outcome.TIMEOUT, Outcome.ANSWERED, Outcome.ABANDONED]
OUTCOMES = st.sampled_from(ENDS)


class EjectionMachine(RuleBasedStateMachine):
    """Requests that end well or not, checks, discovery and time in any order; the service is built as it always is."""

    @initialize(
        priorities=st.lists(st.integers(0, 1), min_size=2, max_size=5),
        below=st.sampled_from(["0%", "50%", "100%"]),
        policy=st.sampled_from(["round_robin", "least_requests", "ewma", "hash, key: client"]),
        slow=st.sampled_from(["0s", "20s"]),
    )
    def begin(self, priorities: list[int], below: str, policy: str, slow: str) -> None:
        """A service of a few targets in one group or two."""
        targets = ", ".join(f"{{url: 'http://t{at}', priority: {one}}}" for at, one in enumerate(priorities))
        with TemporaryDirectory() as folder:
            self.world = World(
                Path(folder),
                f"balance: {{policy: {policy}, failover_below: {below}, slow_start: {slow}}}",
                "ejection: {consecutive: 2, failure_rate: 60%, minimum: 4, time: 10s, ramp: 5s}",
                targets=f"targets: [{targets}]",
            )
        self.service = self.world.service
        self.joined = 0
        self.groups = set(priorities)  # that there have been
        self.running: list[tuple[Place, Permit | None]] = []
        self.tried: list[Place] = []  # by the request that is being tried again

    def _usable(self) -> list[Place]:
        """The targets that can answer, worked out the plain way."""
        now = self.world.now()
        return [
            target
            for target in self.service.targets
            if target.health is not Health.UNHEALTHY and not target.ejected_until(now)
        ]

    @rule(dice=st.floats(0.0, 1.0, exclude_max=True), key=st.sampled_from([None, b"a", b"b"]), again=st.booleans())
    def ask(self, dice: float, key: bytes | None, again: bool) -> None:
        """A request goes to one that can answer, if there is one; a second attempt to another one of those."""
        now, usable = self.world.now(), self._usable()
        self.world.random = lambda: dice
        tried = [target for target in self.tried if target in self.service.targets] if again else []
        target = self.service.pick(key, now, tried)
        assert target in self.service.targets
        if usable:
            assert target in usable
        if any(other not in tried for other in usable):
            assert target not in tried
        self.tried = [*tried, target]
        target.active += 1
        self.running.append((target, target.permit(now)))
        assert len(self._probes(target)) <= 1, "two requests decide at once"

    def _probes(self, target: Place) -> list[Permit]:
        """The requests that decide whether `target` is back."""
        assert target.ejection is not None
        if target.ejection.state is not State.HALF_OPEN:
            return []
        return [
            permit
            for asked, permit in self.running
            if asked is target and permit is not None and permit._generation == target.ejection.generation
        ]

    @precondition(lambda self: self.running)
    @rule(which=CHOICE, outcome=OUTCOMES)
    def end(self, which: int, outcome: Outcome) -> None:
        """It comes to this."""
        target, permit = self.running.pop(which % len(self.running))
        target.active -= 1
        if permit is not None:
            permit.report(outcome, self.world.now())

    @rule(which=CHOICE, outcome=OUTCOMES)
    def fail(self, which: int, outcome: Outcome) -> None:
        """Two requests for one target in a row come to the same end."""
        target = self.service.targets[which % len(self.service.targets)]
        for _ in range(2):
            permit = target.permit(self.world.now())
            if permit is not None:
                permit.report(outcome, self.world.now())

    @rule(which=CHOICE, health=st.sampled_from(Health))
    def check(self, which: int, health: Health) -> None:
        """A check changes what is known of a target."""
        self.service.targets[which % len(self.service.targets)].health = health
        self.service.refresh(self.world.now())

    @rule(priority=st.integers(0, 1))
    def join(self, priority: int) -> None:
        """Another one is found."""
        self.joined += 1
        self.groups.add(priority)
        found = Found(f"10.0.0.{self.joined}", 80, priority=priority)
        joining = self.world.builder.found(self.service, self.world.settings, found)
        self.service.replace([*self.service.targets, joining], self.world.now())

    @precondition(lambda self: len(self.service.targets) > 1)
    @rule(which=CHOICE)
    def leave(self, which: int) -> None:
        """One is found no longer: one that is on trial, so that those who could answer are as many as before."""
        going = [target for target in self.service.targets if target.on_trial]
        if going:
            gone = going[which % len(going)]
            self.service.replace([target for target in self.service.targets if target is not gone], self.world.now())

    @rule(seconds=st.sampled_from([0.0, 1.0, 5.0, 10.0, 400.0]))
    def pass_time(self, seconds: float) -> None:
        """Ejections and slow starts come to their ends."""
        self.world.reactor.advance(seconds)

    @invariant()
    def standings_are_true(self) -> None:
        """What metrics say of the targets is what the model has."""
        if hasattr(self, "service"):
            now = self.world.now()
            usable, rest, leaving = self.service.standings(now)
            assert usable == len(self._usable())
            assert usable + rest == len(self.service.targets)
            assert leaving <= len({target for target, _ in self.running} - set(self.service.targets))

    @invariant()
    def somebody_is_left(self) -> None:
        """In one group, failures never put out the last target that is not out or on trial already."""
        if hasattr(self, "service") and len(self.groups) == 1:
            assert any(not target.on_trial for target in self.service.targets)

    def teardown(self) -> None:
        """Once every request has ended well and time has passed, all targets that checks do not fault are asked."""
        if not hasattr(self, "service"):
            return
        for target, permit in self.running:
            target.active -= 1
            if permit is not None:
                permit.report(Outcome.SUCCESS, self.world.now())
        for target in self.service.targets:
            target.health = Health.HEALTHY
        for _ in range(2):
            self.world.reactor.advance(10_000.0)
            for target in self.service.targets:
                permit = target.permit(self.world.now())
                if permit is not None:
                    permit.report(Outcome.SUCCESS, self.world.now())
        self.world.reactor.advance(10_000.0)
        self.service.refresh(self.world.now())
        assert self.service.standings(self.world.now()) == (len(self.service.targets), 0, 0)
        assert not any(target.on_trial or target.active for target in self.service.targets)


EjectionMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestEjection = EjectionMachine.TestCase
TestEjection.__doc__ = "Whoever can answer is asked, one request at a time decides, and somebody is left."
