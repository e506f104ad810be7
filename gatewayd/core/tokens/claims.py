"""What a verified token must claim before it is believed (RFC 7519 section 4.1, RFC 8725 section 3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from gatewayd.core.tokens.claimpath import ABSENT, ClaimPath, compile_path, look_up
from gatewayd.core.tokens.errors import BadToken

Scalar = str | int | float | bool

# 9999-12-31T23:59:59Z: what lies beyond was meant as milliseconds, and would be good for fifty thousand years.
_LAST_SECOND = 253_402_300_799
_NOTHING: Mapping[str, None] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Rules:
    """What the tokens of one issuer must claim.

    `issuer` is what `iss` must be; None does not look at it. `audiences` are the names of which `aud` must have one;
    none at all refuses tokens that were issued for somebody, None does not look. `leeway` (seconds) is how far clocks
    may be apart, `longest_life` (seconds) what `exp` may lie behind `iat`, which is then required. `types` are the
    values `typ` may have in any case and with or without "application/"; a token without it counts as "JWT"; None does
    not look. `required` maps claim paths (see `compile_path`) to the value or the values that are let pass, or None
    where any will do.
    """

    issuer: str | None = None
    audiences: frozenset[str] | None = frozenset()
    leeway: float = 60.0
    longest_life: float | None = None
    types: frozenset[str] | None = frozenset({"jwt", "at+jwt"})
    required: Mapping[str, Scalar | frozenset[Any] | None] = field(default_factory=lambda: _NOTHING)
    _required: tuple[tuple[str, ClaimPath, frozenset[Any] | None], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Compile what is compared for every token; ValueError for a path that is none."""
        put = object.__setattr__
        if self.types is not None:
            put(self, "types", frozenset(map(_short_type, self.types)))
        required = []
        for name, wanted in self.required.items():
            values = wanted if isinstance(wanted, frozenset) or wanted is None else frozenset({wanted})
            # Python takes 1, 1.0 and True for equal; JSON does not.
            pairs = None if values is None else frozenset((type(value), value) for value in values)
            required.append((name, compile_path(name), pairs))
        put(self, "_required", tuple(required))

    def check_type(self, typ: str | None) -> None:
        """Judge the `typ` of a token's header; raises `BadToken`."""
        if self.types is not None and (typ or "jwt") not in self.types and _short_type(typ or "jwt") not in self.types:
            raise BadToken("invalid", "the token is of another type than is taken here")

    def check(self, claims: Mapping[str, Any], now: float) -> None:
        """Judge the claims of a token at `now` (seconds since 1970).

        Raises `BadToken`, which says what claim is wrong, but not what it claims.
        """
        expires = _seconds(claims, "exp")
        if expires is None:
            raise BadToken("missing", "the claim exp is missing")
        if now >= expires + self.leeway:
            raise BadToken("expired", "the token has expired")
        self._check_times(claims, now + self.leeway, expires)
        if self.issuer is not None and claims.get("iss") != self.issuer:
            raise BadToken("issuer", "the token is from another issuer")
        if self.audiences is not None:
            _check_audience(claims.get("aud", ABSENT), self.audiences)
        for name in ("sub", "jti"):
            if type(claims.get(name, "")) is not str:
                raise BadToken("invalid", f"the claim {name} is no string")
        for name, path, values in self._required:
            value = look_up(claims, path)
            if value is ABSENT:
                raise BadToken("missing", f"the claim {name} is missing")
            if values is not None and not (isinstance(value, Scalar) and (type(value), value) in values):
                raise BadToken("invalid", f"the claim {name} has another value than is required")

    def _check_times(self, claims: Mapping[str, Any], latest: float, expires: float) -> None:
        """Judge when the token starts being good and how long it is; `latest` is now by the slowest clock let pass."""
        starts = _seconds(claims, "nbf")
        if starts is not None and starts > latest:
            raise BadToken("invalid", "the token is not good yet")
        issued = _seconds(claims, "iat")
        if issued is not None and issued > latest:
            raise BadToken("invalid", "the token was issued in the future")
        if self.longest_life is not None:
            if issued is None:
                raise BadToken("missing", "the claim iat is missing")
            if expires - issued > self.longest_life:
                raise BadToken("invalid", "the token is good for longer than any may be")


def _short_type(typ: str) -> str:
    """A media type as RFC 7515 section 4.1.9 recommends to write it, in lower case."""
    return typ.lower().removeprefix("application/")


def _seconds(claims: Mapping[str, Any], name: str) -> float | None:
    """A claim that is a time in seconds since 1970 (NumericDate), or None if there is none."""
    value = claims.get(name, ABSENT)
    if value is ABSENT:
        return None
    # bool is a kind of int to Python; NaN and infinities lie between no bounds.
    if type(value) in (int, float) and -_LAST_SECOND <= value <= _LAST_SECOND:
        return value  # type: ignore[no-any-return]
    raise BadToken("invalid", f"the claim {name} is no time in seconds")


def _check_audience(said: Any, audiences: frozenset[str]) -> None:
    """Judge `aud`: a string or a list of strings, one of which is us."""
    if type(said) is str:
        if said in audiences:
            return
    elif said is ABSENT:
        if not audiences:
            return
        raise BadToken("audience", "the claim aud is missing")
    elif type(said) is not list or not all(type(name) is str for name in said):
        raise BadToken("audience", "the claim aud is neither a string nor a list of strings")
    elif not audiences.isdisjoint(said):
        return
    raise BadToken("audience", "the token is for another audience")
