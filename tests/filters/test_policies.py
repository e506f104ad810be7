"""Rules in Python: every answer, every failure, and the time they have."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.task import Clock

from gatewayd.core.reasons import Refused
from gatewayd.filters.policies import AskPolicy, Policy, PolicyRequest
from gatewayd.filters.testing import Identity, a_request
from tests.filters.asked import Asked, Told, caller, ended, started
from tests.pipeline.world import failures_logged

Thread = tuple[Callable[[PolicyRequest], Any], PolicyRequest, "Deferred[Any]"]


class Room:
    """A policy that is asked, with the threads under the test's thumb."""

    def __init__(self, policy: Policy) -> None:
        self.clock = Clock()
        self.told = Told()
        self.threads: list[Thread] = []
        self.ask = AskPolicy(
            "hours",
            policy,
            limit=0.5,
            clock=self.clock,
            in_thread=self._in_thread,
            parameters={"org": 1},
            client=lambda _: "192.0.2.7",
            key_header=b"x-api-key",
            events=self.told,
        )

    def _in_thread(self, policy: Callable[[PolicyRequest], Any], request: PolicyRequest) -> Deferred[Any]:
        self.threads.append((policy, request, Deferred()))
        return self.threads[-1][2]

    def work(self) -> None:
        """The threads do what they have to."""
        for policy, request, done in self.threads:
            try:
                result = policy(request)
            except Exception:
                done.errback()
            else:
                done.callback(result)

    def begin(self, *lines: bytes) -> Deferred[None]:
        """A request is asked about."""
        return started(self.ask(Asked(*lines, target=b"/o/acme%41/x?y=1")))

    def judge(self, *lines: bytes) -> str:
        """What becomes of it, at once."""
        waiting = self.begin(*lines)
        self.work()
        return ended(waiting)


ANSWERS: list[tuple[object, str]] = [
    (True, ""),
    (None, ""),
    (False, "policy-refused"),
    ("not at night", "policy-refused"),
    ("", "policy-refused"),
    (0, "policy-failed"),
    (1, "policy-failed"),
    ([], "policy-failed"),
]


@pytest.mark.parametrize("in_thread", [True, False])
@pytest.mark.parametrize(("answer", "said"), ANSWERS)
def test_every_answer(answer: Any, said: str, *, in_thread: bool) -> None:
    """From a thread and from the loop alike; what is neither yes nor no lets nobody in."""

    async def of_loop(request: PolicyRequest) -> Any:
        return answer

    one = Room((lambda request: answer) if in_thread else of_loop)
    assert one.judge() == said
    assert len(one.threads) == in_thread
    assert not one.clock.getDelayedCalls()
    assert [kind for kind, _ in one.told.events] == ["audit.policy_refused"] * (said == "policy-refused")


def test_a_text_is_told() -> None:
    """The client reads why; the log has the policy's name."""
    one = Room(lambda request: "not at night")
    asked = Asked(target=b"/o/acme")
    asked.caller = caller("acme")
    waiting = started(one.ask(asked))
    reasons: list[Any] = []
    waiting.addErrback(reasons.append)
    one.work()
    refused = reasons[0].value
    assert isinstance(refused, Refused)
    assert (refused.reason.status, refused.detail) == (403, "not at night")
    assert one.told.events == [("audit.policy_refused", {"policy": "hours", "tenant": "acme"})]


class Broken(Exception):
    """A policy's own."""


@pytest.mark.parametrize("error", [Broken(), CancelledError(), Refused.__mro__[1]("x")])
def test_failures(error: Exception) -> None:
    """503, whatever is raised and wherever: nobody said that the request may pass. The log has the traceback."""

    def of_thread(request: PolicyRequest) -> bool:
        raise error

    async def at_once(request: PolicyRequest) -> bool:
        raise error

    async def later(request: PolicyRequest) -> bool:
        await fail(error)
        return True

    for policy in (of_thread, at_once, later):
        with failures_logged() as events:
            one = Room(policy)
            assert one.judge() == "policy-failed"
        assert len(events) == 1
        assert not one.clock.getDelayedCalls()


@pytest.mark.parametrize("in_thread", [True, False])
def test_the_time_is_over(*, in_thread: bool) -> None:
    """After the limit and not before; what comes later has no effect."""
    pending: Deferred[bool] = Deferred()

    async def of_loop(request: PolicyRequest) -> bool:
        return await pending

    one = Room((lambda request: True) if in_thread else of_loop)
    waiting = one.begin()
    one.clock.advance(0.49)
    assert ended(waiting) == "waits"
    one.clock.advance(0.02)
    assert ended(waiting) == "policy-failed"
    if in_thread:
        one.work()
    else:
        assert pending.called  # it was cancelled


def test_an_answer_in_time() -> None:
    """Ends the clock's part."""
    pending: Deferred[bool] = Deferred()

    async def of_loop(request: PolicyRequest) -> bool:
        return await pending

    one = Room(of_loop)
    waiting = one.begin()
    one.clock.advance(0.4)
    pending.callback(True)
    assert ended(waiting) == ""
    assert not one.clock.getDelayedCalls()


def test_one_that_will_not_be_cancelled() -> None:
    """Is waited for no longer, whether it goes on or says yes after all."""

    async def goes_on(request: PolicyRequest) -> bool:
        while True:
            with suppress(CancelledError):
                await Deferred()

    async def says_yes(request: PolicyRequest) -> bool:
        try:
            return await Deferred()
        except CancelledError:
            return True

    for policy in (goes_on, says_yes):
        one = Room(policy)
        waiting = one.begin()
        one.clock.advance(0.5)
        assert ended(waiting) == "policy-failed"


def test_given_up() -> None:
    """Whoever waits for a policy may leave: the policy is cancelled, and nothing is logged as its failure."""
    pending: Deferred[bool] = Deferred()

    async def of_loop(request: PolicyRequest) -> bool:
        return await pending

    for policy in (of_loop, lambda request: True):
        with failures_logged() as events:
            one = Room(policy)
            waiting = one.begin()
            waiting.addErrback(lambda failure: failure.trap(CancelledError) and None)
            waiting.cancel()
            assert not one.clock.getDelayedCalls()
            one.work()
        assert events == []
    assert pending.called


def test_what_a_policy_sees() -> None:
    """Everything but credentials, and nothing that the client had no business to send."""
    one = Room(lambda request: True)
    lines = (
        b"Authorization: Bearer secret\r\n",
        b"Cookie: session=secret\r\n",
        b"X-API-Key: secret\r\n",
        b"Proxy-Authorization: secret\r\n",
        b"X-Tenant-Id: rival\r\n",
        b"x_user_roles: admin\r\n",
        b"X-Forwarded-For: 10.0.0.1\r\n",
        b"Accept: a\r\n",
        b"accept: b\xe9\r\n",
    )
    one.begin(*lines)
    request = one.threads[0][1]
    assert (request.method, request.host, request.path) == ("GET", "a.test", "/o/acmeA/x")
    assert (request.query, request.route, request.client) == ("y=1", "orders", "192.0.2.7")
    assert (request.parameters, request.identity) == ({"org": "acmeA"}, None)
    assert request.headers == {"host": ("a.test",), "accept": ("a", "bé")}
    assert "accept" not in repr(request)


def test_what_a_believed_proxy_says() -> None:
    """Its forwarding fields are there to be read; an identity that it names is not."""
    one = Room(lambda request: True)
    asked = Asked(b"X-Forwarded-For: 10.0.0.1\r\n", b"X-User-Id: 7\r\n", trusted=True, target=b"/o/a")
    asked.caller = caller("acme", roles=["staff"])
    started(one.ask(asked))
    request = one.threads[0][1]
    assert request.headers == {"host": ("a.test",), "x-forwarded-for": ("10.0.0.1",)}
    assert request.identity is asked.caller.identity


def test_a_callable_object() -> None:
    """Runs in a thread, as a function does."""

    class Rule:
        def __call__(self, request: PolicyRequest) -> bool:
            return request.method == "GET"

    assert Room(Rule()).judge() == ""


def test_requests_to_test_with() -> None:
    """What operators test their policies with."""

    def refunds(request: PolicyRequest) -> bool:
        identity = request.identity
        return identity is not None and "box-office" in identity.roles and request.headers.get("x-a") == ("1",)

    assert refunds(a_request("POST", "/refunds", roles={"box-office"}, headers={"X-A": "1"}))
    assert not refunds(a_request("POST", "/refunds", anonymous=True))
    assert a_request(parameters={"a": "b"}, claims={"x": 1}).identity == Identity("user-1", "tenant-1", issuer="issuer")


def test_an_awaitable_of_its_own() -> None:
    """A coroutine function may await whatever fires."""

    async def of_loop(request: PolicyRequest) -> bool:
        return await succeed(True)

    awaited: Awaitable[None] = Room(of_loop).ask(Asked(target=b"/o/a"))
    assert ended(started(awaited)) == ""
