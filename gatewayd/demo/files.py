"""The file service: uploads and downloads of any size, with digests to compare."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Cooperator
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from gatewayd.demo.body import body_of
from gatewayd.demo.catalogue import Offer
from gatewayd.demo.collection import Collection
from gatewayd.demo.probes import MAX_BYTES
from gatewayd.demo.replies import JsonResource, answer, text_of
from gatewayd.demo.sending import Sending, blocks

DIGEST = b"x-content-sha256"  # the digest in hexadecimal, as sha256sum prints it
_REMEMBERED = 64  # digests of sizes that were asked for
_TURN = 16  # blocks digested in one turn of the reactor: about a millisecond


def _one_step_a_turn() -> Callable[[], bool]:
    """When a `Cooperator` lets the reactor go on: after each step, which is measured in `_TURN`."""
    return lambda: True


class Digests:
    """The digest of the file of each size, computed a little at a time so that nothing else has to wait."""

    def __init__(self, clock: IReactorTime) -> None:
        self._cooperator = Cooperator(_one_step_a_turn, lambda turn: clock.callLater(0, turn))
        self._known: dict[int, str] = {}

    def _steps(self, size: int, request: Request) -> Generator[None, None, None]:
        """Digest `size` bytes, a turn at each step, then begin the answer to `request`."""
        digest = hashlib.sha256()
        for index, block in enumerate(blocks(size)):
            digest.update(block)
            if index % _TURN == _TURN - 1:
                yield
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[size] = digest.hexdigest()
        _send(request, size, self._known[size])

    def send(self, request: Request, size: int) -> None:
        """Answer `request` with the file of `size` bytes and its digest."""
        if size in self._known:
            _send(request, size, self._known[size])
            return
        steps = self._steps(size, request)
        request.notifyFinish().addErrback(lambda _: steps.close())
        self._cooperator.cooperate(steps)


def _send(request: Request, size: int, digest: str) -> None:
    """Begin the answer."""
    request.setHeader(b"content-type", b"application/octet-stream")
    request.setHeader(b"content-length", b"%d" % size)
    request.setHeader(DIGEST, digest.encode())
    if request.method == b"HEAD":
        request.finish()
    else:
        Sending(request, blocks(size)).start()


def _stored(request: Request, name: str) -> bytes:
    """The answer to an upload: what came. It is kept nowhere."""
    body = body_of(request)
    request.setHeader(DIGEST, body.sha256.encode())
    return answer(request, 201, {"name": name, "length": body.length, "sha256": body.sha256})


class Files(Collection):
    """Records of files; `N.bin` is a file of N bytes, and any other name takes an upload."""

    def __init__(self, offer: Offer, clock: IReactorTime) -> None:
        super().__init__(offer)
        self._digests = Digests(clock)

    def getChild(self, path: bytes, request: Request) -> Resource:
        """A file to read, a place to write, or a record."""
        stem, dot, extension = path.rpartition(b".")
        if request.method in (b"PUT", b"POST") and path:
            return Upload()
        if (dot, extension) == (b".", b"bin") and stem.isdigit() and len(stem) < 14 and int(stem) <= MAX_BYTES:
            return Download(int(stem), self._digests)
        return super().getChild(path, request)

    def render_POST(self, request: Request) -> bytes:
        """An upload without a name."""
        return _stored(request, "upload")


class Upload(JsonResource):
    """Takes anything and tells its length and digest."""

    isLeaf = True

    def render_PUT(self, request: Request) -> bytes:
        """What came."""
        return _stored(request, text_of(request.path.partition(b"/files/")[2]))

    render_POST = render_PUT


class Download(JsonResource):
    """A file whose content follows from its size."""

    isLeaf = True

    def __init__(self, size: int, digests: Digests) -> None:
        super().__init__()
        self._size = size
        self._digests = digests

    def render_GET(self, request: Request) -> int:
        """The file, its digest in a header field."""
        self._digests.send(request, self._size)
        return NOT_DONE_YET
