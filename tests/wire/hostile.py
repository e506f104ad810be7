"""Plays an upstream's answer to a client behind the gateway, and checks that nobody else gets any of it."""

from __future__ import annotations

from tests.harness import Client, Ended, GatewayProcess, RecordingUpstream, Request, Response, UpstreamConnection

from .checks import check_problem, fresh
from .corpus.answers import Answer
from .corpus.cases import MARK
from .world import get

SPLIT_LIMIT = 1500  # bytes; longer answers are sent whole only


def splits(answer: Answer) -> tuple[bool, ...]:
    """Whether to send the answer byte by byte: not, and then so if it is short."""
    return (False, True) if len(answer.data) <= SPLIT_LIMIT else (False,)


def play(answer: Answer, gateway: GatewayProcess, upstream: RecordingUpstream, *, split: bool) -> Response | None:
    """What the client got; None where its connection was aborted before it had a head.

    Afterwards the same client (where its connection is to stay open) and another one ask something harmless and must
    get their own answers, from another upstream connection where the one used must not be used again.
    """
    mark = fresh()
    path = b"/" + mark
    data = answer.data.replace(MARK, mark)

    def script(connection: UpstreamConnection, request: Request) -> None:
        connection.read_body(request)
        (connection.send_each if split else connection.send)(data)
        if answer.then == "close":
            connection.close()
        elif answer.then == "reset":
            connection.reset()

    upstream.on(path, script)
    response: Response | None = None
    with Client(gateway.address) as client:
        client.send(
            get(path, method=answer.method) if answer.method != b"POST" else get(path, method=b"POST", body=b"x")
        )
        try:
            response = client.response(answer.method)
        except (Ended, ConnectionError):
            response = None
        if response is not None and response.complete:
            if (response.get(b"connection") or b"").lower() == b"close" or response.framing.kind == "close":
                assert client.ending() in ("closed", "reset")
            else:
                check_own_answer(client)
    with Client(gateway.address) as client:
        check_own_answer(client)
    if not answer.reusable:
        check_not_reused(upstream, path)
    return response


def check_own_answer(client: Client) -> None:
    """A harmless request gets its own answer."""
    mark = fresh()
    again = client.ask(get(b"/again-" + mark, method=b"POST", body=b"own " + mark))
    assert (again.status, again.body) == (200, b"own " + mark), (
        f"somebody else's answer: {again.head.raw!r} {again.body!r}"
    )


def check_not_reused(upstream: RecordingUpstream, path: bytes) -> None:
    """Each connection that answered `path` ended after that request."""
    for request in upstream.requests(path):
        connection = upstream.connection_of(request)
        upstream.wait_for(
            lambda c=connection: c.closed or c.ended is not None,  # type: ignore[misc]
            why="the end of a connection that must not be used again",
        )
        assert connection.requests[-1] is request, "the connection was used again"


def outcome(answer: Answer, response: Response | None) -> str:
    """Which of the outcomes this is; fails where it is none that `answer` allows."""
    if response is None or not response.complete:
        assert "aborted" in answer.expect, "the client's connection was aborted"
        if response is not None and answer.body.isascii():
            assert response.status == answer.status
        return "aborted"
    if response.status == 502 and answer.status != 502:
        assert {"502", "aborted"} & set(answer.expect), f"refused: {response.body!r}"
        check_problem(response, (502,))
        return "502"
    assert "intact" in answer.expect, f"passed: {response.head.raw!r} {response.body[:200]!r}"
    assert (response.status, response.body) == (answer.status, answer.body)
    lines = [name + b": " + value for name, value in response.head.fields]
    for line in answer.present:
        assert line in lines, f"{line!r} is not in {response.head.raw!r}"
    for name in (*answer.absent, b"keep-alive", b"proxy-connection"):
        assert response.get_all(name) == [], f"{name!r} is in {response.head.raw!r}"
    trailers = tuple(name + b": " + value for name, value in response.trailers)
    assert trailers in ((), answer.trailers)
    return "intact"
