"""A gateway in memory that asks who is calling: its tokens and keys, its threads, and its own calls."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jwt
from twisted.internet.testing import StringTransport

from gatewayd.core.apikeys import hash_key, make_key
from gatewayd.stores.interface import Store
from tests.app.world import Reactor
from tests.pipeline.wire import Wire
from tests.pipeline.world import SERVICE, START, World, get, ok

SECRET = "correct horse battery staple and more"
PEPPER = "pepper, at least 16 bytes"
ISSUER = "https://id.test"
OWN = (
    f"own: {{issuer: '{ISSUER}', audiences: [api], algorithms: [HS256], "
    f"keys: [{{secret: '{SECRET}', algorithm: HS256}}]}}"
)
KEY = make_key(bytes(range(28))).encode()
KEY_ID = KEY[3:16].decode()
KEY_HASH = hash_key(KEY, PEPPER.encode())
_REASON = re.compile(rb"X-Gateway-Reason: (\S+)\r\n")


def configured(routes: str, authentication: str = "", more: str = "") -> str:
    """A configuration with an issuer of its own; `routes` are lines of a list, `authentication` of a mapping."""
    return f"{SERVICE}\nauthentication:\n  issuers:\n    {OWN}\n  {authentication}\n{more}\nroutes:\n" + "".join(
        f"  - {{{line}}}\n" for line in routes.splitlines()
    )


def token(signer: Any = SECRET, alg: str = "HS256", kid: str | None = None, **claims: Any) -> bytes:
    """A token of Ada, of the tenant acme, good for ten minutes; with some claims changed, None for those left out."""
    said = {
        "iss": ISSUER,
        "aud": "api",
        "sub": "ada",
        "tenant_id": "acme",
        "iat": int(START),
        "exp": int(START) + 600,
        **claims,
    }
    headers = None if kid is None else {"kid": kid}
    return jwt.encode({k: v for k, v in said.items() if v is not None}, signer, alg, headers).encode()


def bearer(value: bytes | None = None) -> bytes:
    """A line with a token, a good one if none is given."""
    return b"Authorization: Bearer %b\r\n" % (token() if value is None else value)


class Gate(World):
    """The gateway of a configuration, with threads, a reactor whose connections the test makes, and a store."""

    clock: Reactor

    def __init__(self, folder: Path, text: str, store: Store | None = None, **environ: str) -> None:
        super().__init__(folder, text, None, Reactor(), store, **environ)
        self.sent = b""  # what the service received last

    def start(self) -> Any:
        """What is kept fresh is, from now on; what fires when all was tried once."""
        return self.keeper.start()

    def begin(self, *lines: bytes, path: bytes = b"/", method: bytes = b"GET", body: bytes = b"") -> Wire:
        """A client of its own sends a request."""
        client = self.client()
        client.send(get(path, *lines, method=method) + body)
        return client

    def outcome(self, client: Wire) -> str:
        """What became of a client's request: "served", the reason it hears, or "" while it waits."""
        for dial in self.dials:
            if sent := dial.wire.take():
                self.sent = sent
                dial.wire.send(ok())
        data = client.take()
        if not data:
            return ""
        found = _REASON.search(data)
        return "served" if found is None else found[1].decode()

    def call(self, *lines: bytes, path: bytes = b"/", method: bytes = b"GET", body: bytes = b"") -> str:
        """What becomes of a request."""
        return self.outcome(self.begin(*lines, path=path, method=method, body=body))

    @property
    def calls(self) -> int:
        """How many calls of the gateway's own have begun since the last was answered."""
        return len(self.clock.tcpClients)

    def answer(self, body: object, status: int = 200) -> bytes:
        """Answer the youngest of these: others were given up by then. What was asked."""
        _, _, factory, *_ = self.clock.tcpClients[-1]
        self.clock.tcpClients.clear()
        protocol = factory.buildProtocol(None)
        assert protocol is not None
        transport = StringTransport()
        protocol.makeConnection(transport)
        asked: bytes = transport.value()
        data = json.dumps(body).encode()
        protocol.dataReceived(b"HTTP/1.1 %d x\r\nContent-Length: %d\r\n\r\n%b" % (status, len(data), data))
        self.clock.advance(0)
        return asked

    def wait_for_a_call(self, most: float) -> None:
        """Let time pass until the gateway makes a call of its own, `most` seconds at the most."""
        self.clock.tcpClients.clear()
        until = self.clock.seconds() + most
        while not self.calls:
            assert self.clock.seconds() < until
            self.pass_time(0.25)

    def tells(self, name: str, **labels: str) -> float:
        """The value of a series; it exists."""
        value = self.metrics.registry.get_sample_value(name, labels)
        assert value is not None, (name, labels)
        return value
