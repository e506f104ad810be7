"""Request bodies of any size in constant memory."""

from __future__ import annotations

import hashlib

from twisted.web.server import Request

KEPT = 65536  # bytes of a body that stay readable: more than any JSON document a service here takes


class BodyDigest:
    """The file-like object a `Site` writes a request's body to: counts and digests it, keeps its beginning only.

    Stock `twisted.web` would spool the body to a temporary file before a resource is asked.
    """

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.length = 0
        self.beginning = b""

    def write(self, data: bytes) -> int:
        """Take the next piece."""
        self._hash.update(data)
        self.length += len(data)
        if len(self.beginning) < KEPT:
            self.beginning += data[: KEPT - len(self.beginning)]
        return len(data)

    def tell(self) -> int:
        """How many bytes came; `twisted.web` asks before it renders."""
        return self.length

    def seek(self, _offset: int, _whence: int = 0) -> int:
        """Nothing to go back to: only `beginning` is kept."""
        return 0

    def close(self) -> None:
        """Nothing is held open."""

    @property
    def sha256(self) -> str:
        """The digest of everything that came, in hexadecimal."""
        return self._hash.hexdigest()

    @property
    def complete(self) -> bool:
        """Whether `beginning` is the whole body."""
        return self.length == len(self.beginning)


def body_of(request: Request) -> BodyDigest:
    """The body of a request to one of the demo's sites."""
    content: object = request.content
    assert isinstance(content, BodyDigest)
    return content
