"""What a token must claim: both sides of every bound, and every type that JSON has."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import pytest

from gatewayd.core.tokens.claimpath import ABSENT, compile_path, look_up
from gatewayd.core.tokens.claims import Rules
from gatewayd.core.tokens.errors import BadToken, ErrorType
from tests.core.tokens.forge import CLAIMS, ISS, NOW

RULES = Rules(issuer=ISS, audiences=frozenset({"api", "web"}), leeway=60, longest_life=3600)
DROP = object()


def changed(**claims: Any) -> dict[str, Any]:
    """The good claims with others in their place, or without those that are `DROP`."""
    return {name: value for name, value in {**CLAIMS, **claims}.items() if value is not DROP}


def refusal(rules: Rules, claims: dict[str, Any], now: float = NOW) -> ErrorType | None:
    """What the rules say about claims; None for good ones."""
    try:
        rules.check(claims, now)
    except BadToken as error:
        return error.error_type
    return None


@pytest.mark.parametrize(
    ("claims", "now", "error_type"),
    [
        ({}, NOW, None),
        # exp: good before it and for the leeway behind it
        ({"exp": NOW - 60 + 1}, NOW, None),
        ({"exp": NOW - 60}, NOW, "expired"),
        ({"exp": NOW}, NOW + 59.999, None),
        ({"exp": NOW}, NOW + 60, "expired"),
        ({"exp": NOW + 0.5}, NOW + 60.4, None),
        ({"exp": NOW + 0.5}, NOW + 60.5, "expired"),
        ({"exp": 0}, NOW, "expired"),
        ({"exp": -1}, NOW, "expired"),
        ({"exp": -1.5}, NOW, "expired"),
        ({"exp": DROP}, NOW, "missing"),
        # nbf
        ({"nbf": NOW + 60}, NOW, None),
        ({"nbf": NOW + 61}, NOW, "invalid"),
        ({"nbf": NOW + 60.5}, NOW, "invalid"),
        ({"nbf": 0}, NOW, None),
        # iat
        ({"iat": NOW + 60, "exp": NOW + 600}, NOW, None),
        ({"iat": NOW + 61, "exp": NOW + 600}, NOW, "invalid"),
        ({"iat": DROP}, NOW, "missing"),
        # the longest life
        ({"iat": NOW, "exp": NOW + 3600}, NOW, None),
        ({"iat": NOW, "exp": NOW + 3601}, NOW, "invalid"),
        ({"iat": 0, "exp": NOW + 1}, NOW, "invalid"),
        ({"iat": -253402300799, "exp": 253402300799}, NOW, "invalid"),
        # iss
        ({"iss": DROP}, NOW, "issuer"),
        ({"iss": ISS + "/"}, NOW, "issuer"),
        ({"iss": ISS.upper()}, NOW, "issuer"),
        ({"iss": [ISS]}, NOW, "issuer"),
        ({"iss": None}, NOW, "issuer"),
        # aud
        ({"aud": "web"}, NOW, None),
        ({"aud": ["x", "web"]}, NOW, None),
        ({"aud": "x"}, NOW, "audience"),
        ({"aud": "api web"}, NOW, "audience"),
        ({"aud": "API"}, NOW, "audience"),
        ({"aud": "ap"}, NOW, "audience"),
        ({"aud": ""}, NOW, "audience"),
        ({"aud": []}, NOW, "audience"),
        ({"aud": ["x"]}, NOW, "audience"),
        ({"aud": [["api"]]}, NOW, "audience"),
        ({"aud": ["api", 1]}, NOW, "audience"),
        ({"aud": {"api": 1}}, NOW, "audience"),
        ({"aud": None}, NOW, "audience"),
        ({"aud": True}, NOW, "audience"),
        ({"aud": DROP}, NOW, "audience"),
        # sub, jti
        ({"sub": DROP, "jti": DROP}, NOW, None),
        ({"sub": 1}, NOW, "invalid"),
        ({"sub": None}, NOW, "invalid"),
        ({"sub": ["ada"]}, NOW, "invalid"),
        ({"jti": 1}, NOW, "invalid"),
    ],
)
def test_claims(claims: dict[str, Any], now: float, error_type: ErrorType | None) -> None:
    """Each claim is judged by itself, on both sides of its bounds."""
    assert refusal(RULES, changed(**claims), now) == error_type


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
@pytest.mark.parametrize(
    "value",
    [True, False, None, "", "1800000000", str(NOW + 600), [NOW + 600], {}, nan, inf, -inf, 1e300, 10**15, NOW * 1000],
)
def test_times_that_are_none(name: str, value: Any) -> None:
    """A time is a finite number of seconds: no text, no truth, no milliseconds."""
    with pytest.raises(BadToken, match=f"the claim {name} is no time"):
        RULES.check(changed(**{name: value}), NOW)


def test_without_leeway() -> None:
    """Clocks may be trusted to the second."""
    rules = Rules(issuer=ISS, audiences=None, leeway=0)
    assert refusal(rules, changed(exp=NOW + 1)) is None
    assert refusal(rules, changed(exp=NOW)) == "expired"
    assert refusal(rules, changed(nbf=NOW)) is None
    assert refusal(rules, changed(nbf=NOW + 1)) == "invalid"


@pytest.mark.parametrize(
    ("audiences", "aud", "error_type"),
    [
        (frozenset(), DROP, None),
        (frozenset(), "api", "audience"),
        (frozenset(), [], "audience"),
        (None, DROP, None),
        (None, "api", None),
        (None, 1, None),
    ],
)
def test_without_audiences(audiences: frozenset[str] | None, aud: Any, error_type: ErrorType | None) -> None:
    """A token for somebody is refused by whoever is nobody (RFC 7519 section 4.1.3), unless told not to look."""
    assert refusal(Rules(issuer=ISS, audiences=audiences), changed(aud=aud)) == error_type


def test_without_an_issuer() -> None:
    """Rules of an issuer that does not name itself take any name."""
    rules = Rules(audiences=None)
    assert refusal(rules, changed(iss=DROP)) is None
    assert refusal(rules, changed(iss="x")) is None


@pytest.mark.parametrize(
    ("types", "typ", "good"),
    [
        (frozenset({"JWT", "at+jwt"}), "JWT", True),
        (frozenset({"JWT", "at+jwt"}), "jwt", True),
        (frozenset({"JWT", "at+jwt"}), "AT+JWT", True),
        (frozenset({"JWT", "at+jwt"}), "application/at+jwt", True),
        (frozenset({"application/at+jwt"}), "at+jwt", True),
        (frozenset({"JWT", "at+jwt"}), None, True),
        (frozenset({"JWT", "at+jwt"}), "", True),
        (frozenset({"JWT", "at+jwt"}), "dpop+jwt", False),
        (frozenset({"JWT", "at+jwt"}), "logout+jwt", False),
        (frozenset({"JWT", "at+jwt"}), "JWT ", False),
        (frozenset({"at+jwt"}), "JWT", False),
        (frozenset({"at+jwt"}), None, False),
        (frozenset({"at+jwt"}), "text/at+jwt", False),
        (None, "anything", True),
        (None, None, True),
    ],
)
def test_types(types: frozenset[str] | None, typ: str | None, good: bool) -> None:
    """One kind of token does not pass for another (RFC 8725 section 3.11)."""
    rules = Rules(types=types)
    if good:
        rules.check_type(typ)
    else:
        with pytest.raises(BadToken, match="invalid"):
            rules.check_type(typ)


@pytest.mark.parametrize(
    ("wanted", "value", "error_type"),
    [
        ("access", "access", None),
        ("access", "refresh", "invalid"),
        ("access", "Access", "invalid"),
        ("access", ["access"], "invalid"),
        ("access", {"access": 1}, "invalid"),
        ("access", None, "invalid"),
        ("access", DROP, "missing"),
        (frozenset({"a", "b"}), "b", None),
        (frozenset({"a", "b"}), "c", "invalid"),
        (frozenset[str](), "c", "invalid"),
        (None, None, None),
        (None, [], None),
        (None, DROP, "missing"),
        (True, True, None),
        (True, 1, "invalid"),
        (True, "true", "invalid"),
        (1, 1, None),
        (1, True, "invalid"),
        (1, 1.0, "invalid"),
        (1.5, 1.5, None),
        (0, False, "invalid"),
    ],
)
def test_required_claims(wanted: Any, value: Any, error_type: ErrorType | None) -> None:
    """By name, and by value and type of value where there are some to choose from."""
    rules = Rules(issuer=ISS, audiences=None, required={"type": wanted})
    assert refusal(rules, changed(type=value)) == error_type
    inner = Rules(issuer=ISS, audiences=None, required={"about.type": wanted})
    about = {} if value is DROP else {"type": value}
    assert refusal(inner, changed(about=about)) == error_type


def test_words_name_the_claim_and_not_its_value() -> None:
    """The claim's name is in the configuration; what it says is the caller's."""
    rules = Rules(issuer=ISS, audiences=None, required={"type": "access"})
    with pytest.raises(BadToken) as caught:
        rules.check(changed(type="sesame"), NOW)
    assert str(caught.value) == "invalid: the claim type has another value than is required"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("sub", ("sub",)),
        ("realm_access.roles", ("realm_access", "roles")),
        ("a.b.c", ("a", "b", "c")),
        (r"https://example\.com/tenant", ("https://example.com/tenant",)),
        (r"a\\.b", ("a\\", "b")),
        ("a b", ("a b",)),
    ],
)
def test_paths(text: str, path: tuple[str, ...]) -> None:
    """Names with dots between them."""
    assert compile_path(text) == path


@pytest.mark.parametrize("text", ["", ".", "a.", ".a", "a..b", "a\\", r"a\b", "a.\\"])
def test_no_paths(text: str) -> None:
    """A path that names nothing is noticed when it is written, not when a token comes."""
    with pytest.raises(ValueError, match="claim"):
        compile_path(text)
    with pytest.raises(ValueError, match="claim"):
        Rules(required={text: None})


def test_looking_up() -> None:
    """A path leads through objects only."""
    claims = {"a": {"b": 1, "c": [2]}, "d": "text", "e": None}
    assert look_up(claims, ("a", "b")) == 1
    assert look_up(claims, ("e",)) is None
    for path in (("x",), ("a", "x"), ("a", "c", "0"), ("d", "0"), ("e", "x"), ("a", "b", "c")):
        assert look_up(claims, path) is ABSENT
