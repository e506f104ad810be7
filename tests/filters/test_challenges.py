"""What a 401 says about how to do better: WWW-Authenticate, by what the route takes."""

from __future__ import annotations

import pytest

from gatewayd.core.reasons import Refused
from tests.filters.asked import Asked
from tests.filters.door import EXPIRED, GOOD, LOST_KEY, Door, bearer, key

CHALLENGES = {
    b"": b'WWW-Authenticate: Bearer realm="shop"\r\n',
    bearer(EXPIRED): b'realm="shop", error="invalid_token", error_description="the token has expired"\r\n',
    b"Authorization: Bearer\r\n": b'error="invalid_request", error_description="',
    key(LOST_KEY): b'WWW-Authenticate: ApiKey realm="shop", header="x-api-key", error="invalid_key", '
    b'error_description="the API key is not accepted"\r\n',
}


@pytest.mark.parametrize("line", CHALLENGES)
def test_challenges(line: bytes) -> None:
    """Each refusal says how to do better (RFC 9110 section 15.5.2, RFC 6750), and never quotes what was sent."""
    with pytest.raises(Refused) as caught:
        Door().filter("jwt api_key")(Asked(*filter(None, [line])))
    headers = caught.value.headers
    assert headers.startswith(b"WWW-Authenticate: ")
    assert headers.endswith(b"\r\n")
    assert CHALLENGES[line] in headers
    assert EXPIRED not in headers
    assert LOST_KEY not in headers


OFFERS = {
    "jwt": b'WWW-Authenticate: Bearer realm="shop"\r\n',
    "api_key": b'WWW-Authenticate: ApiKey realm="shop", header="x-api-key"\r\n',
    "introspection": b'WWW-Authenticate: Bearer realm="shop"\r\n',
    "jwt api_key": b'WWW-Authenticate: Bearer realm="shop"\r\n'
    b'WWW-Authenticate: ApiKey realm="shop", header="x-api-key"\r\n',
}


@pytest.mark.parametrize("methods", OFFERS)
def test_what_is_offered(methods: str) -> None:
    """A request without credentials hears of what its route takes, and of nothing else; keys are no missing tokens."""
    door = Door()
    with pytest.raises(Refused) as caught:
        door.filter(methods)(Asked())
    assert caught.value.headers == OFFERS[methods]
    assert door.metrics.auth.errors["missing"] == (methods != "api_key")
    assert door.metrics.auth.failures["failure"] == 1


@pytest.mark.parametrize("token", [GOOD, EXPIRED, b"opaque"])
def test_a_token_where_keys_are_taken(token: bytes) -> None:
    """It is refused unread: the client hears that tokens are not taken there, and which header keys go in."""
    door = Door()
    with pytest.raises(Refused) as caught:
        door.filter("api_key")(Asked(bearer(token)))
    assert (caught.value.reason.slug, caught.value.headers) == ("invalid-token", OFFERS["api_key"])
    assert "Tokens are not taken here" in caught.value.detail
    assert sum(door.metrics.auth.errors.values()) == 0
    assert door.metrics.auth.failures["failure"] == 1
