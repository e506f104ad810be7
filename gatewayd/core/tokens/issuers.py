"""Several issuers side by side: a token is judged by the keys and rules of the one it names, and by no other's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gatewayd.core.tokens.claims import Rules
from gatewayd.core.tokens.errors import BadToken, ForgedToken, NoKeys
from gatewayd.core.tokens.identity import ClaimPaths, Identity, identity_of, tenant_of
from gatewayd.core.tokens.jws import MOST_BYTES, parse
from gatewayd.core.tokens.keys import KeySet


@dataclass(frozen=True, slots=True)
class Issuer:
    """Whom tokens may come from: `name` in configuration, metrics and logs; `rules.issuer` is what its tokens say.

    `algorithms` are those its tokens may be signed with, whatever keys it has.
    """

    name: str
    rules: Rules
    algorithms: frozenset[str]
    paths: ClaimPaths = field(default_factory=ClaimPaths)


@dataclass(frozen=True, slots=True)
class Verified:
    """A token that was found good: what it claims, who issued it, and the `kid` of the key that says so."""

    claims: Mapping[str, Any] = field(repr=False)
    issuer: Issuer
    key_id: str | None
    expires: float

    def identity(self) -> Identity:
        """The caller it describes; `BadToken` where a claim is of the wrong type."""
        try:
            return identity_of(self.claims, self.issuer.paths, self.issuer.name, "jwt", self.key_id)
        except BadToken as bad:
            bad.tenant = tenant_of(self.claims, self.issuer.paths)
            raise


class Issuers:
    """The issuers one authentication policy takes tokens from, each with the keys known at the moment."""

    __slots__ = ("_by_claim", "_keys", "_most", "_other")

    def __init__(self, issuers: Iterable[Issuer], most: int = MOST_BYTES) -> None:
        """`most` bounds a token's bytes. Raises ValueError where two issuers could mean the same token.

        At most one may have rules without an issuer: it is asked about tokens that no other issuer claims, whatever
        their `iss`.
        """
        self._by_claim: dict[str, Issuer] = {}
        self._keys: dict[str, KeySet | None] = {}
        self._other: Issuer | None = None
        self._most = most
        for issuer in issuers:
            claim = issuer.rules.issuer
            if issuer.name in self._keys:
                raise ValueError(f"two issuers are called {issuer.name}")
            if claim in self._by_claim or (claim is None and self._other is not None):
                raise ValueError(f"{issuer.name} issues tokens with the same iss as another issuer")
            self._keys[issuer.name] = None
            if claim is None:
                self._other = issuer
            else:
                self._by_claim[claim] = issuer

    def install(self, name: str, keys: KeySet) -> None:
        """From now on the issuer called `name` has these keys and no others; KeyError for one that is not known."""
        if name not in self._keys:
            raise KeyError(name)
        self._keys[name] = keys

    def keys_of(self, name: str) -> KeySet | None:
        """The keys of the issuer called `name`, or None if there never were any."""
        return self._keys[name]

    def verify(self, token: bytes, now: float) -> Verified:
        """Judge `token` at `now` (seconds since 1970).

        Raises `BadToken`; its `issuer` is set where newer keys may turn the verdict. Raises `NoKeys` while the issuer's
        keys were never installed. The claims are looked at only once the signature was found good.
        """
        jws = parse(token, self._most)
        claims = jws.claims
        issuer = self._issuer_of(claims)
        if jws.alg not in issuer.algorithms:
            raise ForgedToken("algorithm", "the issuer's tokens are not signed with the token's algorithm")
        keys = self._keys[issuer.name]
        if keys is None:
            raise NoKeys(issuer.name)
        key = keys.key_of(jws, issuer.name)
        rules = issuer.rules
        try:
            rules.check_type(jws.typ)
            rules.check(claims, now)
        except BadToken as bad:
            bad.tenant = tenant_of(claims, issuer.paths)  # the issuer's word, however old
            raise
        return Verified(claims, issuer, key.kid, claims["exp"])

    def _issuer_of(self, claims: Mapping[str, Any]) -> Issuer:
        """Whom the token says it is from; nothing but the choice of keys depends on it yet."""
        claim = claims.get("iss")
        if type(claim) is str:
            issuer = self._by_claim.get(claim, self._other)
        elif "iss" in claims:
            issuer = None
        else:
            issuer = self._other
        if issuer is None:
            raise BadToken("issuer", "the token is from no issuer that is known here")
        return issuer
