"""The values an HTTP message is made of once its bytes were judged: fields and heads (RFC 9110 sections 5 and 6)."""

from __future__ import annotations

from enum import IntEnum
from functools import cached_property
from typing import Any


class Role(IntEnum):
    """What a field means to an intermediary; decided once per distinct field line, never per request."""

    END_TO_END = 0  # forwarded as it came
    DROPPED = 1  # for this connection only (RFC 9110 section 7.6.1), or a guarded name in disguise
    HOST = 2
    CONTENT_LENGTH = 3
    TRANSFER_ENCODING = 4
    CONNECTION = 5
    EXPECT = 6
    UPGRADE = 7
    FORWARDING = 8  # X-Forwarded-*, Forwarded, X-Real-Ip: ours to write
    REQUEST_ID = 9
    DATE = 10  # forwarded; noted because an answer without one gets ours
    TIMEOUT = 11  # requests: the time their sender leaves; ours to write
    NOTED = 12  # forwarded; noted because something on the way reads it (credentials, Origin)
    GUARDED = 13  # for the gateway alone to write: taken out of what clients send


class Field:
    """One field line, judged and immutable by convention: `name` in lower case, `line` as it will be forwarded.

    `meaning` is what the value says, worked out once: an int for Content-Length, the host for Host, the frozenset of
    lower-case options for Connection, the seconds of a timeout that is valid; None elsewhere. Fields are shared between
    requests (see `gatewayd.http.fieldtable`), so nothing may write to one.
    """

    __slots__ = ("line", "meaning", "name", "role", "value")

    def __init__(self, name: bytes, value: bytes, line: bytes, role: Role, meaning: Any = None) -> None:
        self.name = name
        self.value = value
        self.line = line
        self.role = role
        self.meaning = meaning

    def __repr__(self) -> str:
        """The name only: values may be credentials."""
        return f"<Field {self.name.decode('ascii')}>"


class HeaderSection:
    """The header section of a message (RFC 9110 section 6.3), judged, with all that its fields mean together.

    Immutable by convention: a connection whose header section repeats byte for byte shares one (see
    `gatewayd.http.sections`). What most sections do not say is a class attribute until one does.
    """

    written = b""  # as it came, without the first line and the last CRLF
    count = 0  # its field lines
    special: list[Field]  # the fields whose role is not END_TO_END
    lines = b""  # the lines to forward, those that Connection nominates left out
    nominated: frozenset[bytes] = frozenset()  # names that Connection declares to be for this hop only
    close = False  # Connection: close
    keep = False  # Connection: keep-alive
    length: int | None = None  # Content-Length
    chunked = False
    date = b""  # the Date line, or nothing
    upgrade: bytes | None = None  # what Upgrade offers or, in an answer, names
    upgrading = False  # Connection: upgrade
    suspect = False  # requests: some field is one that clients have no business to send
    expects_continue = False  # requests: Expect: 100-continue
    host: bytes | None = None  # requests: Host in lower case without its port
    authority = b""  # requests: Host as written
    plainness: int | None = None  # requests: how little it asks of caches; None until somebody has looked
    chosen: dict[tuple[bytes, ...], tuple[bytes | None, ...]] | None = None  # requests: values that answers vary by

    @cached_property
    def fields(self) -> list[Field]:
        """Every field in order; taken apart when first asked for, since forwarding needs only the lines."""
        special = iter(self.special)
        following = next(special, None)
        fields = []
        for line in self.written.split(b"\r\n") if self.written else ():
            written, _, rest = line.partition(b":")
            name, value = written.lower(), rest.strip(b" \t")
            if following is not None and (following.name, following.value) == (name, value):
                fields.append(following)
                following = next(special, None)
            else:
                fields.append(Field(name, value, b"%b: %b\r\n" % (written, value), Role.END_TO_END))
        return fields


class RequestHead:
    """A request's head (RFC 9112 section 3) that passed every check of `gatewayd.http.heads`.

    `target` is the origin-form as it will be forwarded; `path` and `query` are its parts (`query` is None without a
    "?"); `segments` are the path's segments after the first "/", percent-decoded for unreserved characters only.
    `host` is the authority in lower case without its port, `authority` as the client wrote it.
    """

    __slots__ = (
        "authority",
        "host",
        "keep_alive",
        "method",
        "path",
        "query",
        "section",
        "segments",
        "size",
        "target",
        "version",
    )

    method: bytes
    target: bytes
    path: bytes
    query: bytes | None
    segments: list[bytes]
    version: int  # minor version of HTTP/1: 0 or 1
    size: int  # bytes of the head as it came
    section: HeaderSection
    host: bytes
    authority: bytes
    keep_alive: bool

    @property
    def fields(self) -> list[Field]:
        """The section's fields."""
        return self.section.fields

    def get(self, name: bytes) -> bytes | None:
        """The value of the first field called `name` (lower case), or None."""
        for field in self.fields:
            if field.name == name:
                return field.value
        return None

    def get_all(self, name: bytes) -> list[bytes]:
        """The values of every field called `name` (lower case), in order."""
        return [field.value for field in self.fields if field.name == name]


class ResponseHead:
    """A response's head (RFC 9112 section 4). `forwarded` keeps what `gatewayd.pipeline.outgoing` makes of it once."""

    __slots__ = ("forwarded", "keep_alive", "line", "section", "status", "version")

    def __init__(self, version: int, status: int, line: bytes, section: HeaderSection) -> None:
        self.version = version  # minor version of HTTP/1: 0 or 1
        self.status = status
        self.line = line  # the status line to forward, with its CRLF
        self.section = section
        self.keep_alive = not section.close if version else section.keep
        self.forwarded = b""
