"""How services answer, well and badly: scripts for `RecordingUpstream.on`."""

from __future__ import annotations

from threading import Event, Lock

from tests.harness import Request, Script, UpstreamConnection, reply

FAILED = reply(b"no", status=b"500 Internal Server Error")
BUSY = reply(b"no", status=b"503 Service Unavailable")
MISSING = reply(b"no", status=b"404 Not Found")


def silence(connection: UpstreamConnection, request: Request) -> None:
    """Never answers."""
    connection.wait_end()


def resets(connection: UpstreamConnection, request: Request) -> None:
    """Reads the whole request, and resets the connection."""
    connection.read_body(request)
    connection.reset()


def held(event: Event, answer: bytes | None = None) -> Script:
    """Answers once `event` is set."""

    def script(connection: UpstreamConnection, request: Request) -> None:
        connection.read_body(request)
        connection.wait_for(event)
        connection.send(reply(b"held") if answer is None else answer)

    return script


def late(seconds: float, answer: bytes) -> Script:
    """Answers not before so many seconds have passed."""
    never = Event()

    def script(connection: UpstreamConnection, request: Request) -> None:
        connection.read_body(request)
        never.wait(seconds)
        connection.send(answer)

    return script


def in_turn(*scripts: Script) -> Script:
    """Each request in turn is answered by the next one of `scripts`, the last one by all that come after."""
    lock, count = Lock(), 0

    def script(connection: UpstreamConnection, request: Request) -> None:
        nonlocal count
        with lock:
            turn, count = min(count, len(scripts) - 1), count + 1
        scripts[turn](connection, request)

    return script


def says(answer: bytes) -> Script:
    """Reads the whole request, and sends `answer`."""

    def script(connection: UpstreamConnection, request: Request) -> None:
        connection.read_body(request)
        connection.send(answer)

    return script


def begins(connection: UpstreamConnection, request: Request) -> None:
    """Says that the request has come (103, which clients are told as well), and no more."""
    connection.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")
    connection.wait_end()
