"""What is kept of answers: the sections `cache` and `routes[].cache`."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from gatewayd.config.models.cache import Cache, RouteCache
from gatewayd.core.caching import Policy, Scope


def test_defaults() -> None:
    """A route has to say whose its answers are, and nothing else."""
    assert RouteCache(scope="public").policy == Policy(scope=Scope.PUBLIC)
    assert RouteCache(scope="tenant").most == 1 << 20
    assert Cache().memory == 256 << 20
    assert (Cache().redis, Cache().redis_most, RouteCache(scope="public").redis) == (False, 256 << 10, True)
    with pytest.raises(ValidationError):
        RouteCache.model_validate({})


def test_policy() -> None:
    """Every key of a route is in its policy."""
    section = RouteCache.model_validate(
        {
            "scope": "user",
            "ttl": "1m",
            "most": "2MiB",
            "stale_while_revalidate": "5s",
            "stale_if_error": "0s",
            "negative": "10s",
            "vary": ("X-Kind", "Accept", "x-kind"),
            "ignore_client": False,
            "heuristic": "10%",
            "cookies": True,
            "send_tags": True,
        }
    )
    assert section.most == 2 << 20
    assert section.policy == Policy(
        scope=Scope.USER,
        ttl=60.0,
        negative=10.0,
        while_revalidate=5.0,
        if_error=0.0,
        vary=(b"x-kind", b"accept"),
        ignore_client=False,
        heuristic=0.1,
        cookies=True,
        send_tags=True,
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"scope": "everybody"},
        {"scope": "public", "ttl": "0s"},
        {"scope": "public", "ttl": 60},
        {"scope": "public", "negative": "0s"},
        {"scope": "public", "most": "0B"},
        {"scope": "public", "vary": ("no name",)},
        {"scope": "public", "stale": "1s"},
    ],
)
def test_slips(wrong: dict[str, object]) -> None:
    """What is no such thing is refused."""
    with pytest.raises(ValidationError):
        RouteCache.model_validate(wrong, context={"from_file": True})


def test_off() -> None:
    """Errors are not kept where that is off."""
    assert RouteCache.model_validate({"scope": "public", "negative": "off"}).policy.negative == 0.0
