"""Clients, services and time in whatever order: nothing breaks, nothing is left over, no answer is silently short."""

from __future__ import annotations

import re
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gatewayd.core.breaker import State
from tests.pipeline.answers import Garbled, read_answers
from tests.pipeline.wire import Wire
from tests.pipeline.world import World, failures_logged, get, ok

CONFIG = """
limits: {body_size: 64B}
timeouts: {request_body: 10s, send: 10s}
services:
  main:
    targets: ["http://127.0.0.1:9005"]
    timeouts: {response: 5s, idle: 8s, total: 20s, tunnel: 30s}
    pool: {connections: 2, waiters: 1, wait: 3s, requests: 4}
routes:
  - {name: all, path: "/**", service: main}
  - {name: own, path: /own, respond: {body: own}}
"""
RESILIENT = """
limits: {body_size: 64B}
timeouts: {request_body: 10s, send: 10s}
services:
  main:
    targets: ["http://127.0.0.1:9005", "http://127.0.0.1:9006"]
    timeouts: {response: 5s, idle: 8s, total: 20s, tunnel: 30s}
    pool: {connections: 2, waiters: 1, wait: 3s, requests: 4}
    breaker: {minimum: 4, consecutive: 3, probes: 1, open: 5s, ramp: 3s}
    ejection: {consecutive: 2, time: 4s, ramp: 2s}
    concurrency: {most: 2, queue: 1, wait: 4s, order: lifo_under_pressure}
    retries:
      attempts: 2
      on: [connect, reset, timeout, protocol, 5xx]
      per_try: 4s
      backoff: 1s
      body: 16B
      budget: 0%
      budget_least: 2
      hedge: {most: 1s}
routes:
  - {name: all, path: "/**", service: main}
  - {name: own, path: /own, respond: {body: own}}
"""
LONG, CHUNKED = b"Content-Length: 12\r\n", b"Transfer-Encoding: chunked\r\n"
UPGRADE = b"Connection: Upgrade\r\nUpgrade: echo\r\n"
REQUESTS = [
    (b"GET", get()),
    (b"GET", get(b"/own")),
    (b"GET", get(b"/a", b"Connection: close\r\n")),
    (b"HEAD", get(method=b"HEAD")),
    (b"POST", get(b"/", LONG, method=b"POST") + b"twelve bytes"),
    (b"POST", get(b"/own", LONG, method=b"POST") + b"twelve bytes"),
    (b"PUT", get(b"/", LONG, b"Expect: 100-continue\r\n", method=b"PUT") + b"twelve bytes"),
    (b"POST", get(b"/", CHUNKED, method=b"POST") + b"5\r\nhello\r\n7\r\n, world\r\n0\r\nX-T: 1\r\n\r\n"),
    (b"POST", get(b"/", CHUNKED, method=b"POST") + b"50\r\n" + b"x" * 80 + b"\r\n0\r\n\r\n"),
    (b"POST", get(b"/", b"Content-Length: 65\r\n", method=b"POST") + b"x" * 65),
    (b"POST", get(b"/", CHUNKED, method=b"POST") + b"zz\r\n"),
    (b"DELETE", get(method=b"DELETE")),
    (b"POST", get(b"/", LONG, b"Idempotency-Key: 1\r\n", method=b"POST") + b"twelve bytes"),
    (b"GET", get(b"/ws", UPGRADE)),
    (b"GET", b"GET / HTTP/1.1\r\n\r\n"),
]
ANSWERS = [
    ok(),
    ok(b"x" * 30, b"Connection: close\r\n"),
    ok(b"")[:-4] + b"\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n\r\nuntil the end",
    b"HTTP/1.1 103 Early Hints\r\n\r\n" + ok(b"hinted", status=b"500 Oh"),
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nswitched",
    b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold",
    b"nonsense\r\n\r\n",
    ok() + ok(b"unasked"),
]
# Heads of requests that must not be sent twice, and their ids.
ONCE = re.compile(rb"(?:POST|PUT|DELETE) (?:(?!\r\n\r\n|Idempotency-Key).)*?X-Request-Id: (\w+)", re.DOTALL)
CHOICE = st.integers(0, 50)
SPLIT = st.integers(0, 200)


class AnyOrder(RuleBasedStateMachine):
    """Up to three clients before a service with two connections to each target."""

    config = CONFIG

    @initialize()
    def begin(self) -> None:
        """A gateway whose service is slow to take connections."""
        self.stack = ExitStack()
        folder = Path(tempfile.mkdtemp(prefix="gateway-"))
        self.stack.callback(shutil.rmtree, folder)
        self.failures = self.stack.enter_context(failures_logged())
        self.world = World(folder, self.config)
        self.world.accepting = False
        self.clients: list[Wire] = []
        self.methods: dict[Wire, list[bytes]] = {}
        self.unsent: dict[Wire, bytes] = {}

    # Who there is.

    def _here(self) -> list[Wire]:
        return [client for client in self.clients if not client.gone]

    def _services(self) -> list[Wire]:
        return [dial.wire for dial in self.world.dials if dial.outcome.called and dial.made and not dial.wire.gone]

    def _dialing(self) -> bool:
        return any(not dial.outcome.called for dial in self.world.dials)

    # Clients.

    @precondition(lambda self: len(self._here()) < 3)
    @rule(which=CHOICE, at=SPLIT)
    def arrive(self, which: int, at: int) -> None:
        """A client connects and begins a request."""
        client = self.world.client()
        self.clients.append(client)
        self.methods[client] = []
        self.unsent[client] = b""
        self._ask(client, which, at)

    @precondition(lambda self: self._here())
    @rule(whose=CHOICE, which=CHOICE, at=SPLIT)
    def ask(self, whose: int, which: int, at: int) -> None:
        """A client sends what is left of its request, and the beginning of another one."""
        here = self._here()
        self._ask(here[whose % len(here)], which, at)

    def _ask(self, client: Wire, which: int, at: int) -> None:
        method, request = REQUESTS[which % len(REQUESTS)]
        self.methods[client].append(method)
        if request.endswith(b"tunnel"):  # where the service switches nothing, these bytes are the next request
            self.methods[client].append(b"GET")
        data = self.unsent[client] + request
        self.unsent[client] = request[at:]
        client.send(data[: len(data) - len(request[at:])])

    @precondition(lambda self: self._here())
    @rule(whose=CHOICE, size=st.sampled_from([1, 7, 200]))
    def go_on(self, whose: int, size: int) -> None:
        """A client sends more of its request."""
        here = self._here()
        client = here[whose % len(here)]
        client.send(self.unsent[client][:size])
        self.unsent[client] = self.unsent[client][size:]

    @precondition(lambda self: self._here())
    @rule(whose=CHOICE, how=st.sampled_from(["hang_up", "reset", "fill", "drain", "drain"]))
    def misbehave(self, whose: int, how: str) -> None:
        """A client leaves, or stops reading, or goes on."""
        here = self._here()
        getattr(here[whose % len(here)], how)()

    # Services.

    @precondition(lambda self: self._dialing())
    @rule(accepted=st.sampled_from([True, True, True, False]))
    def connect(self, *, accepted: bool) -> None:
        """A connection is opened or refused."""
        dial = next(dial for dial in self.world.dials if not dial.outcome.called)
        if accepted:
            dial.accept()
        else:
            dial.refuse()
        self.world.clock.advance(0)

    @precondition(lambda self: self._services())
    @rule(whose=CHOICE, which=CHOICE, at=SPLIT, whole=st.booleans())
    def answer(self, whose: int, which: int, at: int, *, whole: bool) -> None:
        """A service answers, in two pieces or half, asked or not."""
        services = self._services()
        data = ANSWERS[which % len(ANSWERS)]
        services[whose % len(services)].send(data[:at], *([data[at:]] if whole else []))

    @precondition(lambda self: self._services())
    @rule(whose=CHOICE, how=st.sampled_from(["hang_up", "reset", "fill", "drain", "drain"]))
    def fail(self, whose: int, how: str) -> None:
        """A service closes, or stops reading, or goes on."""
        services = self._services()
        getattr(services[whose % len(services)], how)()

    # Time.

    @rule(seconds=st.sampled_from([0.25, 2.0, 6.0, 25.0]))
    def pass_time(self, seconds: float) -> None:
        """It passes."""
        self.world.pass_time(seconds)

    @precondition(lambda self: not self.world.listener.draining)
    @rule(when=st.integers(0, 20), hurry=st.booleans())
    def stop(self, when: int, *, hurry: bool) -> None:
        """Once in a while the gateway stops."""
        if when == 20:
            self.world.listener.drain()
            channels = {channel.transport: channel for channel in self.world.listener.channels}
            for client in [client for client in self.clients if client in channels] if hurry else []:
                channels[client].expel()
            self.world.clock.advance(0)

    # What must hold at any time.

    @invariant()
    def bounds_hold(self) -> None:
        """Never more connections to the service than allowed, and no request counted that is not there."""
        if hasattr(self, "world"):
            there = [
                dial.port
                for dial in self.world.dials
                if not dial.outcome.called or (dial.made and not (dial.wire.gone or dial.wire.ending))
            ]
            assert all(there.count(port) <= 2 for port in there)
            exchanges = [channel for channel in self.world.listener.channels if channel.exchange is not None]
            assert self.world.in_progress <= len(exchanges)
            assert not self.failures, self.failures[0]["log_failure"].getTraceback()

    @invariant()
    def answers_are_whole(self) -> None:
        """What a client was sent are answers to its requests, in order; the last may be short if it sees that."""
        for client in getattr(self, "clients", ()):
            try:
                whole = read_answers(client.written, self.methods[client])
            except Garbled as garbled:
                raise AssertionError(client.written) from garbled
            if client.ending == "closed" or client.finished:
                assert whole, client.written

    def teardown(self) -> None:
        """When everybody has gone nothing is left, and every request is in the books once."""
        if not hasattr(self, "world"):
            return
        world = self.world
        for client in self._here():
            client.hang_up()
        while self._dialing():
            self.connect(accepted=True)
        world.pass_time(1)
        world.settled()
        world.pass_time(120)
        assert not self.failures
        assert not world.listener.channels
        assert all(wire.gone for wire in self._services())
        assert len(world.deadlines) == 0
        assert world.total("http_requests_total") == len(world.records)
        assert all(record["status"] for record in world.records)
        sent = [ident for dial in world.dials for ident in ONCE.findall(dial.wire.written)]
        assert len(set(sent)) == len(sent)
        self.stack.close()


class ResilientInAnyOrder(AnyOrder):
    """The same before two targets with all that is made of them: breakers, retries, hedges, and a bulkhead."""

    config = RESILIENT

    @invariant()
    def shares_are_kept(self) -> None:
        """Never more requests in the bulkhead, nor more retries, than may be; nor fewer than none."""
        if hasattr(self, "world"):
            service = self.world.services["main"]
            bulkhead = service.bulkhead
            assert bulkhead is not None
            assert (0 <= bulkhead.active <= 2, bulkhead.waiting <= 1) == (True, True)
            assert 0 <= service.budget.taken <= 2
            asked = [target.active for target in service.targets]
            assert min(asked) >= 0
            assert sum(asked) <= 2 * service.active <= 2 * len(self.world.listener.channels)

    @invariant()
    def breakers_agree(self) -> None:
        """One target at least is not ejected, and an open breaker closes by the clock."""
        if hasattr(self, "world"):
            service, now = self.world.services["main"], self.world.clock.seconds()
            assert len([target for target in service.targets if target.ejected_until(now)]) <= 1
            assert service.breaker is not None
            assert service.breaker.state is not State.OPEN or service.breaker.opened_until > 0


for machine in (AnyOrder, ResilientInAnyOrder):
    machine.TestCase.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.__doc__ = "In any order of events the gateway keeps its bounds and its promises."
TestResilientInAnyOrder = ResilientInAnyOrder.TestCase
TestResilientInAnyOrder.__doc__ = "In any order of events nobody is asked too often, and nothing is left over."
