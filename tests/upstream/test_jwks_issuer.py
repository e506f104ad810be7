"""The keys of a real issuer on loopback: found by discovery, rotated, and kept through everything it does wrong."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred

from gatewayd.core.tokens.cache import TokenCache
from gatewayd.core.tokens.claims import Rules
from gatewayd.core.tokens.identity import Identity
from gatewayd.core.tokens.issuers import Issuer, Issuers
from gatewayd.upstream.jwks import LARGEST, JwksKeeper, Source
from gatewayd.upstream.outgoing import Outgoing
from tests.upstream.keeping import PACE, jwks
from tests.upstream.servers import NEVER, Reply, Server, reactor, serving

EAGER = replace(PACE, cooldown=0.0, first_retry=1e-9)  # whoever asks may fetch


class World:
    """A gateway that knows the issuer by its `iss` only."""

    def __init__(self, server: Server, timeout: float = 10.0) -> None:
        self.refreshes: list[str] = []
        issuer = Issuer("main", Rules(issuer=server.url), frozenset({"ES256"}))
        self.issuers = Issuers([issuer])
        cache: TokenCache[Identity] = TokenCache(9, 9, 1.0)
        self._calls = Outgoing(reactor, timeout, LARGEST)
        self.keeper = JwksKeeper(
            issuer, Source(None, EAGER), self.issuers, cache, self._calls.get, reactor, lambda: 0.0,
            self.refreshes.append,
        )  # fmt: skip
        server.replies["/.well-known/openid-configuration"] = Reply(
            json.dumps({"issuer": server.url, "jwks_uri": f"{server.url}/keys"}).encode()
        )

    def kids(self) -> set[str | None]:
        """The names of the keys that are installed."""
        keys = self.issuers.keys_of("main")
        return set() if keys is None else set(keys.kids)

    def fetched(self) -> Deferred[None]:
        """Another fetch."""
        wanted = self.keeper.wanted()
        assert wanted is not None
        return wanted


@pytest_twisted.ensureDeferred
async def test_rotation() -> None:
    """Keys come and go as the issuer publishes them."""
    with serving() as server:
        world = World(server)
        server.replies["/keys"] = Reply(jwks("a"), fields=(("Cache-Control", "max-age=600"),))
        await world.keeper.start()
        assert world.kids() == {"a"}
        server.replies["/keys"] = Reply(jwks("a", "b"))
        await world.fetched()
        assert world.kids() == {"a", "b"}
        server.replies["/keys"] = Reply(jwks("b"))
        await world.fetched()
        assert world.kids() == {"b"}
        world.keeper.stop()


WRONG = {
    "error": (Reply(jwks("b"), 500), "status 500"),
    "silent": (Reply(status=NEVER), "no answer in 0.5 s"),
    "slow": (Reply(b'{"keys": [', endless=True), "no answer in 0.5 s"),
    "huge": (Reply(b" " * (LARGEST + 1)), f"the answer has more than {LARGEST} bytes"),
    "garbage": (Reply(b"\xff\xfe"), "this is no JWKS document: it is not UTF-8"),
    "page": (
        Reply(b"<html></html>", fields=(("Content-Type", "text/html"),)),
        "this is no JWKS document: it is no JSON object",
    ),
    "redirect": (Reply(b"", 307, (("Location", "/elsewhere"),)), "status 307"),
}


@pytest.mark.parametrize("case", WRONG)
@pytest_twisted.ensureDeferred
async def test_wrong(case: str) -> None:
    """Nothing an issuer does wrong takes the keys away that it had, and nothing of it is followed."""
    reply, why = WRONG[case]
    with serving() as server:
        world = World(server, 0.5 if why.startswith("no answer") else 10.0)
        server.replies["/keys"] = Reply(jwks("a"))
        server.replies["/elsewhere"] = Reply(jwks("evil"))
        await world.keeper.start()
        server.replies["/keys"] = reply
        await world.fetched()
        assert world.keeper.failure.removeprefix(f"{server.url}/keys: ") == why
        assert world.kids() == {"a"}
        assert world.refreshes == ["success", "failure"]
        assert b"/elsewhere" not in [asked.path for asked in server.asked]
        server.replies["/keys"] = Reply(jwks("c"))
        await world.fetched()
        assert world.kids() == {"c"}
        world.keeper.stop()


@pytest_twisted.ensureDeferred
async def test_stopped_while_fetching() -> None:
    """The call under way is given up."""
    with serving() as server:
        world = World(server)
        server.replies["/keys"] = Reply(b"{", endless=True)
        started = world.keeper.start()
        await Outgoing(reactor, 10.0, LARGEST).get(server.url + "/other")
        world.keeper.stop()
        await started
        assert world.refreshes == []
