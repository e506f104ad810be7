"""No sequence of headers makes a service see an identity that the gateway did not write."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core.guarded import CLAIM_NAMES, IDENTITY_NAMES
from tests.harness import ByteReader, Head
from tests.pipeline.world import START, World, ok

from .minting import SECRET, claims, hs, token

_CONFIG = f"""
authentication:
  issuers:
    platform:
      issuer: https://id.test
      audiences: [api]
      algorithms: [HS256]
      keys: [{{algorithm: HS256, secret: "{SECRET.decode()}"}}]
identity_headers: {{user: X-Auth-Person, roles: X-User-Roles, proof: {{secret: "{"p" * 32}"}}}}
guarded_headers: {{add: [X-Corp-*]}}
services: {{main: {{targets: ["http://127.0.0.1:9005"], breaker: {{mode: off}}, retries: {{attempts: 0}}}}}}
routes:
  - {{path: "/public/**", service: main, auth: public}}
  - {{path: "/maybe/**", service: main, auth: optional}}
  - {{path: "/users/**", service: main}}
"""
_OURS = (b"x-tenant-id", b"x-auth-person", b"x-user-roles", b"x-gateway-proof")
_NAMES = (*IDENTITY_NAMES, *CLAIM_NAMES, "x-auth-person", "x-user-roles", "x-gateway-proof", "x-corp-*")
_GUARDED = re.compile(
    "|".join(re.escape(name[:-1]) + ".*" if name.endswith("*") else re.escape(name) for name in _NAMES).encode()
)
# What the gateway itself writes of these, whoever is calling.
_WRITTEN = (*_OURS, b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-port", b"x-forwarded-proto")
_SEPARATORS = "-_.~!|+^`'*&%$#"


def _folded(name: bytes) -> bytes:
    """A name as the most forgiving of services reads it."""
    return re.sub(rb"[^a-z0-9]", b"-", name.lower())


@st.composite
def spelled(draw: st.DrawFn) -> bytes:
    """A guarded name in some spelling."""
    name = draw(st.sampled_from(_NAMES)).replace("*", draw(st.sampled_from(("a", "id", "Forwarded-For", "-", "0"))))
    letters = (
        draw(st.sampled_from(_SEPARATORS)) if letter == "-" else letter.upper() if draw(st.booleans()) else letter
        for letter in name
    )
    return "".join(letters).encode()


FORGED = spelled().map(lambda name: name + b": impostor")
NOMINATED = st.lists(st.one_of(spelled(), st.sampled_from((b"close", b"via", b"cookie", *_OURS))), max_size=4).map(
    lambda names: b"Connection: keep-alive, " + b", ".join(names)
)
HONEST = st.sampled_from((b"Accept: */*", b"X-Tenant: honest", b"User-Agent: x", b"XTenantId: honest", b"Cookie: a=b"))
LINES = st.lists(st.one_of(FORGED, FORGED, NOMINATED, HONEST), max_size=10)


@dataclass(frozen=True)
class Asked:
    """A request: its path, who calls if anybody does, its lines, and the trailers of its body if it has one."""

    path: bytes
    subject: str | None
    lines: list[bytes]
    trailers: list[bytes] | None

    @property
    def known(self) -> bool:
        """Whether a service is to be told who calls."""
        return self.subject is not None and self.path != b"/public/"

    def written(self) -> bytes:
        """Its bytes."""
        lines = [b"Host: gw.test", *self.lines]
        if self.subject is not None:
            said = claims(sub=self.subject, iat=int(START), exp=int(START) + 600)
            lines.insert(len(lines) // 2, b"Authorization: Bearer " + token(said, hs(SECRET)))
        if self.trailers is None:
            return b"\r\n".join((b"GET %b HTTP/1.1" % self.path, *lines, b"", b""))
        body = b"\r\n".join((b"2", b"ok", b"0", *self.trailers, b"", b""))
        return b"\r\n".join((b"POST %b HTTP/1.1" % self.path, *lines, b"Transfer-Encoding: chunked", b"", body))


ASKED = st.builds(
    Asked,
    st.sampled_from((b"/public/", b"/maybe/", b"/users/")),
    st.one_of(st.none(), st.sampled_from(("ann", "bob"))),
    LINES,
    st.one_of(st.none(), st.lists(FORGED, max_size=4)),
).filter(lambda asked: asked.subject is not None or asked.path != b"/users/")


def _received(data: bytes) -> tuple[Head, list[bytes]]:
    """The head that a service received, and the names in its trailers."""
    pieces = [data]
    reader = ByteReader(lambda: pieces.pop() if pieces else b"")
    head = reader.head()
    assert head is not None
    _, _, trailers = bytes(reader.buffer).rpartition(b"0\r\n")
    return head, [line.partition(b":")[0] for line in trailers.split(b"\r\n") if line]


@settings(max_examples=150)
@given(st.lists(ASKED, min_size=1, max_size=4))
def test_no_sequence_forges_an_identity(sequence: list[Asked]) -> None:
    """However names are spelled, repeated, nominated or put into trailers, and whoever asked before on a connection."""
    with TemporaryDirectory() as folder:
        world = World(Path(folder), _CONFIG)
        client = world.client()
        for asked in sequence:
            if client.ending:
                client = world.client()
            client.send(asked.written())
            head, trailers = _received(world.service.take())
            world.service.send(ok())
            assert client.take().startswith(b"HTTP/1.1 200 ")
            assert b"impostor" not in head.raw
            suspect = [name for name, _ in head.fields if _GUARDED.fullmatch(_folded(name))]
            assert sorted(suspect) == sorted(set(suspect) & set(_WRITTEN)), head.raw
            identity = (head.get(b"x-tenant-id"), head.get(b"x-auth-person"), head.get(b"x-user-roles"))
            subject = b"" if asked.subject is None else asked.subject.encode()
            assert identity == ((b"acme", subject, b"door-staff") if asked.known else (None, None, None))
            assert head.get(b"x-gateway-proof")
            assert not [name for name in trailers if _GUARDED.fullmatch(_folded(name))]
        world.settled()
