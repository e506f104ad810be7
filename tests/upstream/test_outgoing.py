"""The gateway's own calls over real sockets: what is sent, what is believed, and what ends them."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.defer import CancelledError
from twisted.internet.error import ConnectError, ConnectionLost, DNSLookupError
from twisted.internet.error import TimeoutError as ConnectTimeout
from twisted.python.failure import Failure
from twisted.web._newclient import RequestNotSent
from twisted.web.client import RequestTransmissionFailed

from gatewayd.upstream.answer import CallFailed, phrase
from gatewayd.upstream.outgoing import Outgoing, read_trusted
from tests.harness import RecordingUpstream, refusing_port
from tests.upstream.servers import NEVER, Asked, Reply, Server, authority, reactor, serving

MOST = 1000


def outgoing(timeout: float = 10.0, keep: int = 0, trusted: bytes = b"") -> Outgoing:
    """What makes the calls."""
    return Outgoing(reactor, timeout, MOST, read_trusted(trusted) if trusted else None, keep)


async def failure(calls: Outgoing, url: str) -> str:
    """Why a call fails."""
    with pytest.raises(CallFailed) as caught:
        await calls.get(url)
    return str(caught.value)


@pytest_twisted.ensureDeferred
async def test_get() -> None:
    """A plain request; the answer comes with its fields, several of one name in one, and whatever status it has."""
    with serving() as server:
        server.replies["/keys"] = Reply(b"{}", 418, (("Cache-Control", "max-age=9"), ("cache-control", "public")))
        answer = await outgoing().get(server.url + "/keys?a=%2f")
        assert (answer.status, answer.body) == (418, b"{}")
        assert answer.fields["cache-control"] == "max-age=9, public"
        (asked,) = server.asked
        assert (asked.method, asked.path) == (b"GET", b"/keys?a=%2f")
        assert asked.fields == {
            b"host": server.url.removeprefix("http://").encode(),
            b"user-agent": b"gatewayd",
            b"accept": b"application/json",
            b"accept-encoding": b"identity",
            b"connection": b"close",
        }


@pytest_twisted.ensureDeferred
async def test_post() -> None:
    """With a body, and fields of the caller's."""
    with serving() as server:
        server.replies["/ask"] = Reply()
        await outgoing().post(server.url + "/ask", {"Authorization": "Basic x", "Content-Type": "text/x"}, b"a=b")
        (asked,) = server.asked
        assert (asked.method, asked.body) == (b"POST", b"a=b")
        assert (asked.fields[b"authorization"], asked.fields[b"content-type"]) == (b"Basic x", b"text/x")


@pytest_twisted.ensureDeferred
async def test_redirects_and_cookies() -> None:
    """A redirect is an answer; a cookie does not come back."""
    with serving() as server:
        server.replies["/"] = Reply(b"", 302, (("Location", "/elsewhere"), ("Set-Cookie", "a=b")))
        calls = outgoing()
        for _ in range(2):
            assert (await calls.get(server.url + "/")).status == 302
        assert [asked.path for asked in server.asked] == [b"/", b"/"]
        assert b"cookie" not in server.asked[1].fields


BAD = {
    "large": (Reply(b"x" * (MOST + 1)), f"the answer has more than {MOST} bytes"),
    "larger": (Reply(b"x" * MOST * 1000), f"the answer has more than {MOST} bytes"),
    "large without end": (Reply(b"x" * (MOST + 1), endless=True), f"the answer has more than {MOST} bytes"),
    "packed": (
        Reply(gzip.compress(b"x" * 1_000_000), fields=(("Content-Encoding", "gzip"),)),
        "the answer is compressed although that was not asked for",
    ),
    "packed twice": (
        Reply(fields=(("Content-Encoding", "identity, br"),)),
        "the answer is compressed although that was not asked for",
    ),
}


@pytest.mark.parametrize("case", BAD)
@pytest_twisted.ensureDeferred
async def test_too_much(case: str) -> None:
    """What is too large, or could become so, is not taken, and its connection is closed."""
    reply, why = BAD[case]
    with serving() as server:
        server.replies["/"] = reply
        assert await failure(outgoing(), server.url + "/") == why


@pytest_twisted.ensureDeferred
async def test_just_as_much() -> None:
    """The bound itself is no more than may be, packed in nothing."""
    with serving() as server:
        server.replies["/"] = Reply(b"x" * MOST, fields=(("Content-Encoding", "identity"),))
        assert (await outgoing().get(server.url + "/")).body == b"x" * MOST


@pytest.mark.parametrize("reply", [Reply(status=NEVER), Reply(b"{", endless=True)], ids=["silent", "half"])
@pytest_twisted.ensureDeferred
async def test_too_late(reply: Reply) -> None:
    """The bound on time covers the body."""
    with serving() as server:
        server.replies["/"] = reply
        assert await failure(outgoing(0.05), server.url + "/") == "no answer in 0.05 s"


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (b"SMTP ready\r\n\r\n", "the answer is not valid HTTP"),
        (b"", "the connection was closed before the end of the answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "the connection was closed before the end of the answer"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_no_answer(sent: bytes, why: str) -> None:
    """What is no answer, or only half of one."""

    def stop(connection: Any, request: object) -> None:
        connection.send(sent)
        connection.close()

    with RecordingUpstream() as upstream:
        upstream.answer = stop
        assert await failure(outgoing(), f"http://{upstream.address}/") == why


@pytest_twisted.ensureDeferred
async def test_nobody_there() -> None:
    """A port that refuses."""
    with refusing_port() as address:
        assert await failure(outgoing(), f"http://{address}/") == "no connection"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (DNSLookupError("secret"), "the name has no address"),
        (ConnectTimeout("secret"), "no connection in time"),
        (ConnectError("secret"), "no connection"),
        (RequestNotSent("secret"), "the connection was closed before the end of the answer"),
        (
            RequestTransmissionFailed([Failure(ConnectionLost("secret"))]),
            "the connection was closed before the end of the answer",
        ),
    ],
)
def test_phrases(error: Exception, words: str) -> None:
    """The other ways in which calls fail; what the exceptions say is not repeated."""
    assert phrase(error) == words


@pytest.mark.parametrize(
    ("name", "trusted", "why"),
    [
        ("127.0.0.1", True, ""),
        ("127.0.0.1", False, "TLS failed: certificate verify failed"),
        ("127.0.0.2", True, "the certificate is for another name"),
        ("id.example", True, "the certificate is for another name"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_tls(name: str, trusted: bool, why: str) -> None:
    """Who is called has to prove to be that, to those who are trusted; nothing is sent before."""
    with serving(name) as server:
        server.replies["/"] = Reply()
        calls = outgoing(trusted=authority() if trusted else b"")
        if why:
            for _ in range(2):
                assert await failure(calls, server.url + "/") == why
            assert server.asked == []
        else:
            for _ in range(2):
                assert (await calls.get(server.url + "/")).status == 200


@pytest_twisted.ensureDeferred
async def test_tls_with_a_name() -> None:
    """Also a host with a name."""
    with serving("localhost") as server:
        server.replies["/"] = Reply()
        url = server.url.replace("127.0.0.1", "localhost")
        assert (await outgoing(trusted=authority()).get(url + "/")).status == 200


@pytest.mark.parametrize("pem", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_nobody_to_trust(pem: bytes) -> None:
    """A file without certificates is a mistake: with nobody to trust there are no calls."""
    with pytest.raises(ValueError, match="it is no PEM text of certificates"):
        read_trusted(pem)


@pytest.mark.parametrize("url", ["http://10.0.0.1/", "ftp://127.0.0.1/", "http://127.0.0.1@evil.example/"])
def test_places(url: str) -> None:
    """Where no call may go, none is begun."""
    calls = outgoing()
    with pytest.raises(ValueError, match=r"it is no plain|this machine only"):
        calls.get(url)


@pytest_twisted.ensureDeferred
async def test_cancelled() -> None:
    """Who waits no longer closes the connection."""
    with serving() as server:
        server.replies["/"] = Reply(b"{", endless=True)
        calls = outgoing()
        call = calls.get(server.url + "/")
        server.replies["/now"] = Reply()
        await calls.get(server.url + "/now")
        call.cancel()
        with pytest.raises(CancelledError):
            await call


@pytest_twisted.ensureDeferred
async def test_cancelled_before_the_answer() -> None:
    """It is cancelled, and not failed, where the server has said nothing yet."""
    with serving() as server:
        server.replies["/"] = Reply(status=NEVER)
        server.replies["/now"] = Reply()
        calls = outgoing()
        call = calls.get(server.url + "/")
        await calls.get(server.url + "/now")
        call.cancel()
        with pytest.raises(CancelledError):
            await call


@pytest_twisted.ensureDeferred
async def test_kept_connections() -> None:
    """Where connections are kept, calls share them, until they are closed."""
    with serving() as server:
        server.replies["/"] = Reply()
        calls = outgoing(keep=2)
        for _ in range(3):
            await calls.post(server.url + "/", {}, b"x")
        assert server.connections == 1
        await calls.close()
        await calls.post(server.url + "/", {}, b"x")
        assert server.connections == 2
        await calls.close()


def closing(server: Server, times: int) -> Callable[[Asked], Reply]:
    """Answers on new connections; on kept ones it closes instead of answering, so many times."""
    left = [times]

    def reply(asked: Asked) -> Reply:
        if len(server.asked) > 1 and left[0]:
            left[0] -= 1
            reactor.callLater(0, server.hang_up)
            return Reply(status=NEVER)
        return Reply()

    return reply


@pytest.mark.parametrize("times", [1, 2])
@pytest_twisted.ensureDeferred
async def test_closed_while_kept(times: int) -> None:
    """A call that finds its connection closed is made once more, and no more than that."""
    with serving() as server:
        server.replies["/"] = closing(server, times)
        calls = outgoing(keep=1)
        await calls.post(server.url + "/", {}, b"x")
        if times == 1:
            assert (await calls.post(server.url + "/", {}, b"x")).status == 200
        else:
            assert await failure(calls, server.url + "/") == "the connection was closed before the end of the answer"
        assert len(server.asked) == 3
        await calls.close()


@pytest_twisted.ensureDeferred
async def test_closed_while_new() -> None:
    """Where none is kept, a call is made once."""
    with serving() as server:
        server.asked.append(Asked(b"", b"", {}, b""))
        server.replies["/"] = closing(server, 1)
        assert await failure(outgoing(), server.url + "/") == "the connection was closed before the end of the answer"
        assert len(server.asked) == 2
