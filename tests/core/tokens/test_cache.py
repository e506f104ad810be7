"""Remembered verdicts: never longer than they are true, never more than there is room for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.tokens.cache import TokenCache
from gatewayd.core.tokens.errors import BadToken
from gatewayd.core.tokens.identity import Identity
from tests.core.tokens.forge import NOW


def identity(
    expires: float | None = NOW + 60, issuer: str = "main", key_id: str | None = "k1", subject: str = "ada"
) -> Identity:
    """A caller whose token expires then."""
    return Identity(subject, issuer=issuer, key_id=key_id, expires=expires)


def cache(most: int = 10, negative_most: int = 3, negative_ttl: float = 5) -> TokenCache[Any]:
    """An empty cache."""
    return TokenCache(most, negative_most, negative_ttl)


def test_a_hit_is_the_same_identity() -> None:
    """Until the token expires, and not at that moment."""
    tokens, ada = cache(), identity()
    assert tokens.get(b"t", NOW) is None
    tokens.keep(b"t", ada, NOW)
    assert tokens.get(b"t", NOW) is ada
    assert tokens.get(b"t", NOW + 59.999) is ada
    assert tokens.get(b"T", NOW) is None
    assert tokens.get(b"t", NOW + 60) is None
    assert tokens.get(b"t", NOW) is None  # it is gone
    assert (tokens.hits, tokens.misses, len(tokens)) == (2, 4, 0)


@pytest.mark.parametrize(
    ("expires", "until", "last"),
    [
        (NOW + 60, None, NOW + 60),
        (NOW + 60, NOW + 10, NOW + 10),
        (NOW + 60, NOW + 100, NOW + 60),
        (None, NOW + 10, NOW + 10),
        (None, None, NOW),
        (NOW, None, NOW),
        (NOW - 30, None, NOW),  # good for the leeway only
        (NOW - 30, NOW + 10, NOW),
        (NOW + 60, NOW, NOW),
    ],
)
def test_how_long(expires: float | None, until: float | None, last: float) -> None:
    """No longer than the token, nor than whoever keeps it says."""
    tokens = cache()
    tokens.keep(b"t", identity(expires), NOW, until)
    assert len(tokens) == (last > NOW)
    assert tokens.get(b"t", last) is None


def test_the_least_recently_used_goes() -> None:
    """When there is no more room; a look is a use."""
    tokens, ada = cache(most=3), identity()
    for token in (b"a", b"b", b"c"):
        tokens.keep(token, ada, NOW)
    assert tokens.get(b"a", NOW) is ada
    tokens.keep(b"b", ada, NOW)
    tokens.keep(b"d", ada, NOW)
    assert len(tokens) == 3
    assert [token for token in (b"a", b"b", b"c", b"d") if tokens.get(token, NOW)] == [b"a", b"b", b"d"]


def test_refusals() -> None:
    """They are remembered for a moment, and each time as a new exception."""
    tokens = cache()
    refusal = BadToken("unknown_key", "why", "main")
    tokens.keep_refused(b"t", refusal, NOW)
    first, second = tokens.get(b"t", NOW), tokens.get(b"t", NOW + 4.9)
    assert isinstance(first, BadToken)
    assert isinstance(second, BadToken)
    assert len({id(first), id(second), id(refusal)}) == 3
    assert (first.error_type, first.why, first.issuer) == ("unknown_key", "why", "main")
    assert tokens.get(b"t", NOW + 5) is None
    assert tokens.get(b"t", NOW) is None
    assert (tokens.hits, tokens.misses) == (2, 2)


def test_a_refusal_keeps_no_frames() -> None:
    """What was raised holds the token in its frames; what is remembered does not."""
    tokens = cache()
    try:
        raise BadToken("invalid", "why")
    except BadToken as error:
        tokens.keep_refused(b"t", error, NOW)
    kept = tokens.get(b"t", NOW)
    assert isinstance(kept, BadToken)
    assert (kept.__traceback__, kept.__context__) == (None, None)


def test_refusals_have_their_own_room() -> None:
    """Whoever sends rubbish pushes out rubbish."""
    tokens, ada = cache(most=2), identity()
    tokens.keep(b"a", ada, NOW)
    tokens.keep(b"b", ada, NOW)
    for number in range(100):
        tokens.keep_refused(b"bad%d" % number, BadToken("invalid", "why"), NOW)
    assert tokens.get(b"a", NOW) is ada
    assert tokens.get(b"b", NOW) is ada
    assert [number for number in range(100) if tokens.get(b"bad%d" % number, NOW)] == [97, 98, 99]


def test_a_token_that_turned_out_good() -> None:
    """Is no longer refused."""
    tokens, ada = cache(), identity()
    tokens.keep_refused(b"t", BadToken("unknown_key", "why"), NOW)
    tokens.keep(b"t", ada, NOW)
    assert tokens.get(b"t", NOW) is ada
    assert tokens.get(b"t", NOW + 60) is None
    assert tokens.get(b"t", NOW + 60) is None


def test_no_room_at_all() -> None:
    """A cache of nothing is no cache."""
    tokens = cache(most=0, negative_most=0)
    tokens.keep(b"t", identity(), NOW)
    tokens.keep_refused(b"u", BadToken("invalid", "why"), NOW)
    assert tokens.get(b"t", NOW) is None
    assert tokens.get(b"u", NOW) is None


def filled() -> TokenCache[Any]:
    """Callers of two issuers, two keys and two subjects, and a refusal."""
    tokens = cache()
    tokens.keep(b"a", identity(), NOW)
    tokens.keep(b"b", identity(key_id="k2"), NOW)
    tokens.keep(b"c", identity(issuer="other"), NOW)
    tokens.keep(b"d", identity(subject="bob", key_id=None), NOW)
    tokens.keep_refused(b"x", BadToken("invalid", "why"), NOW)
    return tokens


def left(tokens: TokenCache[Any]) -> str:
    """Which of them are still remembered."""
    return "".join(chr(token[0]) for token in (b"a", b"b", b"c", b"d", b"x") if tokens.get(token, NOW) is not None)


def test_forgetting() -> None:
    """Exactly what is meant is forgotten."""
    tokens = filled()
    assert left(tokens) == "abcdx"
    tokens.forget_key("main", "k1")
    assert left(tokens) == "bcdx"
    tokens.forget_key("main", None)
    assert left(tokens) == "bcx"
    tokens.forget_refusals()
    assert left(tokens) == "bc"
    tokens = filled()
    tokens.forget_issuer("main")
    assert left(tokens) == "c"
    tokens = filled()
    tokens.forget_subject("main", "ada")
    assert left(tokens) == "cdx"
    tokens.clear()
    assert left(tokens) == ""
    assert repr(tokens) == "<TokenCache 0/10 good, 0/3 bad>"


def test_it_holds_no_tokens() -> None:
    """Neither in its keys nor in what it prints."""
    tokens = cache()
    tokens.keep(b"sesame", identity(), NOW)
    assert b"sesame" not in tokens._good
    assert "sesame" not in repr(tokens)


actions = st.tuples(
    st.sampled_from(["get", "keep", "refuse", "advance", "forget"]), st.integers(0, 7), st.integers(0, 30)
)


@given(steps=st.lists(actions, max_size=60))
def test_nothing_outlives_its_time(steps: list[tuple[str, int, int]]) -> None:
    """In any order of anything: no identity after its expiry, no refusal after its time, no more than there is room."""
    tokens, now = cache(most=4, negative_most=2), float(NOW)
    good: dict[int, Identity] = {}
    bad: dict[int, float] = {}
    for action, name, seconds in steps:
        token = b"%d" % name
        if action == "keep":
            good[name] = identity(now + seconds)
            tokens.keep(token, good[name], now)
        elif action == "refuse":
            bad[name] = now
            tokens.keep_refused(token, BadToken("invalid", "why"), now)
        elif action == "advance":
            now += seconds / 4
        elif action == "forget":
            tokens.forget_subject("main", "ada")
            good.clear()
        else:
            found = tokens.get(token, now)
            if isinstance(found, Identity):
                assert found is good[name]
                assert found.expires is not None
                assert now < found.expires
            elif found is not None:
                assert now < bad[name] + 5
        assert len(tokens) <= 4
