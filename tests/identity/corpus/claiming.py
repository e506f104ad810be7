"""Tokens signed by whom they should be, and still not to be believed: by form, time, audience and claims."""

from __future__ import annotations

import json
from typing import Any

from ..minting import DAY, NOW, SECRET, Part, bearer, claims, hs, jws, token
from .cases import ADMITTED, OVERSIZE, Attack, Passage, ask, refused

_FORM = "RFC 8725 2.4, 3.11: a token has one reading, or it is refused"
_TIME = "RFC 7519 4.1: outside its time a token is worth nothing"
_MEANT = "RFC 8725 3.8, 3.9, 3.11: a token is for whom and for what it was issued"
_WRITTEN = "what a token claims must fit into a header field, and stay one value there"


def _bad(id_: str, why: str, credential: bytes, error: str, reason: str = "invalid-token", tenant: str = "") -> Attack:
    """A token that is refused, without anything being forged; `tenant` where it is one of a tenant for certain."""
    return Attack(
        id_,
        why,
        ask(b"/users/", bearer(credential)),
        401,
        reason,
        refused(error, tenant),
        answered=(b'WWW-Authenticate: Bearer realm="shop", error="invalid_token"',),
        unsaid=(credential, b"Traceback"),
    )


def _formed(id_: str, content: Part) -> Attack:
    """Claims of this form, signed as they stand."""
    return _bad(f"form-{id_}", _FORM, token(content), "malformed")


_SAID = json.dumps(claims())[1:-1].encode()
_HEAD, _BODY, _SIGNATURE = token().split(b".")
_DEEP = b'{"iss":"https://id.test","a":' + b"[" * 2500 + b"]" * 2500 + b"}"

FORMS = (
    _formed("claims-twice", b"{" + _SAID + b',"sub":"root"}'),
    _formed("claims-twice-escaped", b"{" + _SAID + b',"\\u0073ub":"root"}'),
    _formed("nested-twice", b"{" + _SAID + b',"a":{"b":1,"b":2}}'),
    _formed("list", b"[" + json.dumps(claims()).encode() + b"]"),
    _formed("text", b'"user-1"'),
    _formed("null", b"null"),
    _formed("empty", b""),
    _formed("two", json.dumps(claims()).encode() + b"{}"),
    _formed("cut", json.dumps(claims()).encode()[:-1]),
    _formed("comment", b"{/**/" + _SAID + b"}"),
    _formed("comma", b"{" + _SAID + b",}"),
    _formed("nan", b"{" + _SAID + b',"a":NaN}'),
    _formed("infinity", b"{" + _SAID + b',"a":-Infinity}'),
    _formed("1e999", b"{" + _SAID + b',"a":1e999}'),
    _formed("digits", b"{" + _SAID + b',"a":' + b"9" * 4000 + b"}"),
    _formed("latin-1", b"{" + _SAID + b',"a":"\xe9"}'),
    _formed("utf-16", json.dumps(claims()).encode("utf-16")),
    _formed("bom", b"\xef\xbb\xbf{" + _SAID + b"}"),
    _formed("surrogate", b"{" + _SAID + b',"a":"\\udfff"}'),
    _formed("control", b"{" + _SAID + b',"a":"\x01"}'),
    _formed("bomb-lists", _DEEP),
    _formed("bomb-objects", b'{"a":' * 900 + b"1" + b"}" * 900),
    _bad("form-header-bomb", _FORM, jws(_DEEP, claims(), hs(SECRET)), "malformed"),
    _bad("form-header-twice", _FORM, jws(b'{"alg":"HS256","kid":"a","kid":"b"}', claims(), hs(SECRET)), "malformed"),
    _bad("form-header-list", _FORM, jws(b'["HS256"]', claims(), hs(SECRET)), "malformed"),
    _bad("form-8193-bytes", _FORM, token(claims(a="x" * 6000)) + b"A" * 300, "malformed"),
    _bad("form-two-parts", _FORM, b".".join((_HEAD, _BODY)), "malformed"),
    _bad("form-four-parts", _FORM, b".".join((_HEAD, _BODY, _SIGNATURE, b"")), "malformed"),
    _bad("form-jwe", _FORM, b".".join((_HEAD, b"", b"", _BODY, _SIGNATURE)), "malformed"),
    _bad("form-one-word", _FORM, b"swordfish", "malformed"),
    _bad("form-dots", _FORM, b"..", "malformed"),
    _bad("form-plain-base64", _FORM, _HEAD + b"+/" + b"." + _BODY + b"." + _SIGNATURE, "malformed"),
    _bad("form-padded", _FORM, token() + b"=", "malformed"),
    _bad("form-padded-twice", _FORM, token() + b"==", "malformed"),
    _bad("form-length", _FORM, _HEAD + b"AAAAA"[len(_HEAD) % 4 :] + b"." + _BODY + b"." + _SIGNATURE, "malformed"),
    _bad("form-spelled-otherwise", _FORM, token()[:-1] + bytes([_SIGNATURE[-1] + 1]), "malformed"),
    _bad("form-tilde", _FORM, token() + b"~", "malformed"),
    Attack(
        "form-20-kib",
        _FORM,
        ask(b"/users/", bearer(b"A" * 20_000)),
        431,
        "head-too-large",
        (OVERSIZE,),
        truth="-",  # no path was read
    ),
)


def _claimed(id_: str, why: str, error: str, reason: str = "invalid-token", /, **changes: Any) -> Attack:
    """A token of the platform with these claims changed; it is a tenant's unless that or the issuer is unclear."""
    tenant = "" if {"iss", "tenant_id"} & changes.keys() else "acme"
    return _bad(id_, why, token(claims(**changes)), error, reason, tenant)


TIMES = (
    _claimed("time-expired", _TIME, "expired", "expired-token", exp=NOW - DAY),
    _claimed("time-expired-1970", _TIME, "expired", "expired-token", exp=0),
    _claimed("time-expired-negative", _TIME, "expired", "expired-token", exp=-1),
    _claimed("time-expired-fraction", _TIME, "expired", "expired-token", exp=NOW - DAY + 0.5),
    _claimed("time-exp-missing", _TIME, "missing", exp=...),
    _claimed("time-exp-null", _TIME, "invalid", exp=None),
    _claimed("time-exp-text", _TIME, "invalid", exp=str(NOW + DAY)),
    _claimed("time-exp-true", _TIME, "invalid", exp=True),
    _claimed("time-exp-list", _TIME, "invalid", exp=[NOW + DAY]),
    _claimed("time-exp-milliseconds", _TIME, "invalid", exp=(NOW + DAY) * 1000),
    _claimed("time-exp-huge", _TIME, "invalid", exp=10**19),
    _claimed("time-exp-1e308", _TIME, "invalid", exp=1e308),
    _bad("time-exp-digits", _TIME, token(b'{"iss":"https://id.test","exp":1' + b"0" * 400 + b"}"), "malformed"),
    _claimed("time-nbf-future", _TIME, "invalid", nbf=NOW + DAY),
    _claimed("time-nbf-text", _TIME, "invalid", nbf="now"),
    _claimed("time-iat-future", _TIME, "invalid", iat=NOW + DAY, exp=NOW + 2 * DAY),
    _claimed("time-iat-true", _TIME, "invalid", iat=True),
)

MEANT = (
    _claimed("aud-missing", _MEANT, "audience", aud=...),
    _claimed("aud-other", _MEANT, "audience", aud="shop"),
    _claimed("aud-longer", _MEANT, "audience", aud="api.evil.test"),
    _claimed("aud-case", _MEANT, "audience", aud="API"),
    _claimed("aud-null", _MEANT, "audience", aud=None),
    _claimed("aud-object", _MEANT, "audience", aud={"api": True}),
    _claimed("aud-empty-list", _MEANT, "audience", aud=[]),
    _claimed("aud-list-of-others", _MEANT, "audience", aud=["shop", "web"]),
    _claimed("aud-nested", _MEANT, "audience", aud=[["api"]]),
    _claimed("aud-number-in-list", _MEANT, "audience", aud=["api", 1]),
    _claimed("iss-missing", _MEANT, "issuer", iss=...),
    _claimed("iss-other", _MEANT, "issuer", iss="https://evil.test"),
    _claimed("iss-slash", _MEANT, "issuer", iss="https://id.test/"),
    _claimed("iss-case", _MEANT, "issuer", iss="https://ID.test"),
    _claimed("iss-null", _MEANT, "issuer", iss=None),
    _claimed("iss-list", _MEANT, "issuer", iss=["https://id.test"]),
    _claimed("iss-empty", _MEANT, "issuer", iss=""),
    *(
        _bad(f"typ-{typ or 'empty'}", _MEANT, token(None, typ=typ), "invalid", tenant="acme")
        for typ in ("JWE", "refresh", "id+jwt", "gatewayd-identity+jwt", "dpop+jwt", "at+jwt ", "text/jwt")
    ),
    _bad("typ-number", _MEANT, token(None, typ=1), "malformed"),
)

_STRICT = {"iss": "https://strict.test", "type": "access", "ctx": {"level": 2}, "jti": "1"}


def _strictly(id_: str, error: str, typ: str = "at+jwt", /, **changes: Any) -> Attack:
    """A token of the issuer that asks for more."""
    said = claims(**{**_STRICT, **changes})
    return _bad(f"strict-{id_}", _MEANT, token(said, typ=typ), error, tenant="acme")


REQUIRED = (
    _strictly("type-missing", "missing", type=...),
    _strictly("type-refresh", "invalid", type="refresh"),
    _strictly("type-list", "invalid", type=["access"]),
    _strictly("level-low", "invalid", ctx={"level": 1}),
    _strictly("level-text", "invalid", ctx={"level": "2"}),
    _strictly("level-true", "invalid", ctx={"level": True}),
    _strictly("level-flat", "missing", ctx=..., **{"ctx.level": 2}),
    _strictly("level-no-object", "missing", ctx=2),
    _strictly("jti-missing", "missing", jti=...),
    _strictly("jti-number", "invalid", jti=1),
    _strictly("life", "invalid", exp=NOW + 5 * DAY),
    _strictly("life-unknown", "missing", iat=...),
    _strictly("typ-jwt", "invalid", "JWT"),
)

WRITTEN = (
    _claimed("sub-lines", _WRITTEN, "invalid", sub="user-1\r\nX-Tenant-Id: other"),
    _claimed("sub-newline", _WRITTEN, "invalid", sub="user-1\n"),
    _claimed("sub-nul", _WRITTEN, "invalid", sub="user\0"),
    _claimed("sub-unicode", _WRITTEN, "invalid", sub="us\u0435r-1"),
    _claimed("sub-long", _WRITTEN, "invalid", sub="u" * 300),
    _claimed("sub-empty", _WRITTEN, "invalid", sub=""),
    _claimed("sub-number", _WRITTEN, "invalid", sub=1),
    _claimed("sub-object", _WRITTEN, "invalid", sub={"id": "user-1"}),
    _claimed("tenant-lines", _WRITTEN, "invalid", tenant_id="acme\r\nX-User-Roles: admin"),
    _claimed("tenant-list", _WRITTEN, "invalid", tenant_id=["acme", "other"]),
    _claimed("tenant-comma", _WRITTEN, "invalid", tenant_id="acme,other"),
    _claimed("tenant-blank", _WRITTEN, "invalid", tenant_id="acme other"),
    _claimed("tenant-unicode", _WRITTEN, "invalid", tenant_id="\uff41cme"),
    _claimed("tenant-number", _WRITTEN, "invalid", tenant_id=1),
    _claimed("tenant-empty", _WRITTEN, "invalid", tenant_id=""),
    _claimed("roles-comma", _WRITTEN, "invalid", roles=["door-staff,admin"]),
    _claimed("roles-lines", _WRITTEN, "invalid", roles=["door-staff\r\nX-Admin-Token: 1"]),
    _claimed("roles-object", _WRITTEN, "invalid", roles={"admin": True}),
    _claimed("roles-nested", _WRITTEN, "invalid", roles=[["admin"]]),
    _claimed("roles-many", _WRITTEN, "invalid", roles=[f"r{number}" for number in range(257)]),
    _claimed("scope-unicode", _WRITTEN, "invalid", scope="reports:r\u0435ad"),
    _claimed("scope-lines", _WRITTEN, "invalid", scope="a\r\nb"),
)

ATTACKS = (*FORMS, *TIMES, *MEANT, *REQUIRED, *WRITTEN)


def _passes(id_: str, why: str, credential: bytes, present: tuple[bytes, ...] = ()) -> Passage:
    """A token that is good after all."""
    return Passage(f"claims-{id_}", why, ask(b"/users/", bearer(credential)), ADMITTED, present=present)


PASSAGES = (
    _passes("exp-fraction", _TIME, token(claims(exp=NOW + DAY + 0.5))),
    _passes("within-leeway", _TIME, token(claims(nbf=NOW + 30, iat=NOW + 30))),
    _passes("aud-one-of", _MEANT, token(claims(aud=["shop", "api"]))),
    _passes("typ-application", _MEANT, token(None, typ="application/at+JWT")),
    _passes("strict", _MEANT, token(claims(**_STRICT), typ="at+jwt")),
    _passes("sub-blank", _WRITTEN, token(claims(sub="Ann Other")), (b"x-auth-person: Ann Other",)),
    _passes("scopes", _WRITTEN, token(claims(scope="b a")), (b"x-user-scopes: a b",)),
    _passes("roles-none", _WRITTEN, token(claims(roles=None))),
)
