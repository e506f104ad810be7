"""Tokens asked about over real sockets: a server that knows them, and servers that do everything wrong."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any
from urllib.parse import parse_qs

import pytest
import pytest_twisted

from gatewayd.core.tokens.errors import BadToken, NoVerdict
from gatewayd.upstream.introspection import LARGEST, Introspector, Settings
from gatewayd.upstream.outgoing import Outgoing
from tests.upstream.servers import NEVER, Asked, Reply, reactor, serving

NOW = 1_800_000_000
CLAIMS: dict[str, Any] = {"active": True, "sub": "ada", "tenant_id": "acme", "exp": NOW + 600}


@pytest_twisted.ensureDeferred
async def test_over_sockets() -> None:
    """A real server that knows one token, on connections that are kept."""

    def reply(asked: Asked) -> Reply:
        if asked.fields.get(b"authorization") != b"Basic " + b64encode(b"gateway:s3cret"):
            return Reply(status=401)
        good = parse_qs(asked.body)[b"token"] == [b"good"]
        return Reply(json.dumps(CLAIMS if good else {"active": False}).encode())

    with serving() as server:
        server.replies["/introspect"] = reply
        calls = Outgoing(reactor, 10.0, LARGEST, keep=2)
        url = server.url + "/introspect"
        introspector = Introspector(Settings(url, "gateway", "s3cret"), calls.post, lambda: NOW, lambda who: who)
        assert (await introspector.ask(b"good")).subject == "ada"
        with pytest.raises(BadToken):
            await introspector.ask(b"bad")
        assert server.connections == 1
        stranger = Introspector(Settings(url, "gateway", "guessed"), calls.post, lambda: NOW, lambda who: who)
        with pytest.raises(NoVerdict, match="401"):
            await stranger.ask(b"good")
        await calls.close()


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply(status=NEVER), "no answer in 0.05 s"),
        (Reply(b'{"active": true', endless=True), "no answer in 0.05 s"),
        (Reply(b" " * (LARGEST + 1)), f"the answer has more than {LARGEST} bytes"),
        (Reply(b"", 307, (("Location", "/elsewhere"),)), "status 307"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_bad_servers(reply: Reply, why: str) -> None:
    """One that is silent, slow, endless, or sends the token elsewhere."""
    with serving() as server:
        server.replies["/introspect"] = reply
        server.replies["/elsewhere"] = Reply(json.dumps(CLAIMS).encode())
        calls = Outgoing(reactor, 0.05 if why.startswith("no answer") else 10.0, LARGEST)
        url = server.url + "/introspect"
        introspector = Introspector(Settings(url, "gateway", "s3cret"), calls.post, lambda: NOW, lambda who: who)
        with pytest.raises(NoVerdict) as caught:
            await introspector.ask(b"good")
        assert str(caught.value) == why
        assert len(server.asked) == 1
