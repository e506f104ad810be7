"""Tokens that nobody who may has signed, or that say how they want to be believed (RFC 8725)."""

from __future__ import annotations

import json
from typing import Any

from ..minting import (
    ED_KEY,
    OTHER_RSA_KEY,
    OTHER_SECRET,
    RSA_KEY,
    SECRET,
    Part,
    Sign,
    b64,
    bearer,
    claims,
    es,
    es_der,
    es_mirrored,
    good,
    hs,
    jws,
    pem,
    ps,
    rs,
    rs512,
    token,
    unsigned,
)
from .cases import BYPASS, Attack, Passage, ask, refused

_NONE = "RFC 8725 3.1: an unsecured token proves nothing, however it spells that"
_CONFUSED = "RFC 8725 3.1: the key says which algorithm it is for, never the token"
_WRONG = "RFC 7515 5.2: the key that is meant did not make the signature"
_KID = "RFC 8725 3.10: kid is a name to be compared, not a path, a query or an address"
_EXTENDED = "RFC 7515 4.1.11: what is critical and not understood makes a token invalid"

RS_CLAIMS = claims(iss="https://rs.test")
BOTH_CLAIMS = claims(iss="https://both.test")
ES_CLAIMS = claims(iss="https://es.test")


def _token(
    id_: str, why: str, credential: bytes, error: str, *, forged: bool = False, answered: tuple[bytes, ...] = ()
) -> Attack:
    """A token that is refused; one that is `forged` is an attempt to get around authentication."""
    return Attack(
        id_,
        why,
        ask(b"/users/", bearer(credential)),
        401,
        "invalid-token",
        (*refused(error), *((BYPASS,) if forged else ())),
        truth="forged-token" if forged else "",
        event="audit.token_forged" if forged else "",
        answered=(b'WWW-Authenticate: Bearer realm="shop", error="invalid_token"', *answered),
        unsaid=(credential,),
    )


def _none(spelling: str) -> Attack:
    """An algorithm that is none."""
    name = spelling.encode("ascii", "backslashreplace").decode() or "empty"
    return _token(f"none-{name}", _NONE, token(None, unsigned, alg=spelling), "algorithm", forged=True)


NONE = (
    *map(_none, ("none", "None", "NONE", "nOnE", "", "none ", "n\u006fne\u0000", "HS256none", "hs256", "\u217dnone")),
    _token("none-signed", _NONE, token(alg="none"), "algorithm", forged=True),
    _token("none-no-dot", _NONE, token(None, unsigned, alg="none").rstrip(b"."), "malformed"),
    _token("none-absent", _NONE, jws({"typ": "JWT"}, claims(), hs(SECRET)), "malformed"),
    _token("none-null", _NONE, jws({"alg": None}, claims(), hs(SECRET)), "malformed"),
    _token("none-list", _NONE, jws({"alg": ["none", "HS256"]}, claims(), hs(SECRET)), "malformed"),
    _token("none-number", _NONE, jws({"alg": 0}, claims(), hs(SECRET)), "malformed"),
    _token("none-twice", _NONE, jws(b'{"alg":"HS256","alg":"none"}', claims(), unsigned), "malformed"),
    _token("unsigned-hs256", _NONE, token(None, unsigned), "malformed"),
    _token("a128kw", _NONE, token(None, alg="dir"), "algorithm", forged=True),
    _token("hs1", _NONE, token(None, hs(SECRET, "sha1"), alg="HS1"), "algorithm", forged=True),
)


def _confused(id_: str, said: dict[str, Any], sign: Sign, alg: str, error: str, **header: Any) -> Attack:
    """A token signed with another algorithm than its key is for."""
    return _token(f"confused-{id_}", _CONFUSED, token(said, sign, alg=alg, **header), error, forged=True)


_PEM = pem(RSA_KEY)

CONFUSED = (
    _confused("pem-as-secret", RS_CLAIMS, hs(_PEM), "HS256", "algorithm"),
    _confused("pem-as-secret-kid", RS_CLAIMS, hs(_PEM), "HS256", "algorithm", kid="rsa-1"),
    _confused("pem-stripped", RS_CLAIMS, hs(_PEM.strip()), "HS256", "algorithm", kid="rsa-1"),
    _confused("pem-one-line", RS_CLAIMS, hs(b"".join(_PEM.split(b"\n")[1:-2])), "HS256", "algorithm"),
    _confused("both-no-kid", BOTH_CLAIMS, hs(_PEM), "HS256", "invalid"),
    _confused("both-rsa-kid", BOTH_CLAIMS, hs(_PEM), "HS256", "algorithm", kid="rsa-1"),
    _confused("both-hs-kid", BOTH_CLAIMS, hs(_PEM), "HS256", "invalid", kid="hs-1"),
    _confused("rsa-for-hs", claims(), rs(RSA_KEY), "RS256", "algorithm"),
    _confused("hs512-same-secret", claims(), hs(SECRET, "sha512"), "HS512", "algorithm"),
    _confused("rs512", RS_CLAIMS, rs512(RSA_KEY), "RS512", "algorithm", kid="rsa-1"),
    _confused("ps256", RS_CLAIMS, ps(RSA_KEY), "PS256", "algorithm", kid="rsa-1"),
    _confused("pss-as-pkcs1", RS_CLAIMS, ps(RSA_KEY), "RS256", "invalid", kid="rsa-1"),
    _confused("es-for-ed", ES_CLAIMS, es, "EdDSA", "algorithm", kid="ec-1"),
    _confused("ed-for-es", ES_CLAIMS, ED_KEY.sign, "ES256", "algorithm", kid="ed-1"),
    _confused("ec-pem-as-secret", ES_CLAIMS, hs(_PEM), "HS256", "algorithm", kid="ec-1"),
)


def _wrong(id_: str, said: Part, sign: Sign, alg: str = "HS256", error: str = "invalid", **header: Any) -> Attack:
    """A signature of somebody else."""
    return _token(f"wrong-{id_}", _WRONG, token(said, sign, alg=alg, **header), error, forged=error == "invalid")


_GOOD = token()
_HEAD, _BODY, _SIGNATURE = _GOOD.split(b".")

WRONG = (
    _wrong("secret", claims(), hs(OTHER_SECRET)),
    _wrong("secret-empty", claims(), hs(b"")),
    _wrong("secret-zeros", claims(), hs(bytes(32))),
    _wrong("secret-guessed", claims(), hs(b"secret")),
    _wrong("secret-of-proof", claims(), hs(b"gateway-and-services-share-this-1")),
    _wrong("rsa", RS_CLAIMS, rs(OTHER_RSA_KEY), "RS256", kid="rsa-1"),
    _wrong("rsa-no-kid", RS_CLAIMS, rs(OTHER_RSA_KEY), "RS256"),
    _wrong("other-issuers-key", RS_CLAIMS, hs(SECRET), "RS256"),
    _wrong("ec-zeros", ES_CLAIMS, lambda _: bytes(64), "ES256", kid="ec-1"),  # CVE-2022-21449
    _wrong("ec-der", ES_CLAIMS, es_der, "ES256", kid="ec-1"),
    _wrong("ec-long", ES_CLAIMS, lambda message: es(message) + b"\0", "ES256", kid="ec-1"),
    _wrong("ed-zeros", ES_CLAIMS, lambda _: bytes(64), "EdDSA", kid="ed-1"),
    _wrong("cut", claims(), lambda message: hs(SECRET)(message)[:-1]),
    _wrong("half", claims(), lambda message: hs(SECRET)(message)[:16]),
    _wrong("one-byte", claims(), lambda _: b"\0"),
    _token("wrong-claims-changed", _WRONG, b".".join((_HEAD, b64(b'{"sub":"root"}'), _SIGNATURE)), "issuer"),
    _token(
        "wrong-tenant-changed",
        _WRONG,
        b".".join((_HEAD, b64(json.dumps(claims(tenant_id="other")).encode()), _SIGNATURE)),
        "invalid",
        forged=True,
    ),
    _token(
        "wrong-header-changed",
        _WRONG,
        b".".join((b64(b'{"alg":"HS256","typ":"JWT" }'), _BODY, _SIGNATURE)),
        "invalid",
        forged=True,
    ),
)


def _kid(id_: str, kid: str, secret: bytes | None = None) -> Attack:
    """A key's name that wants to be more than a name: the `secret` it would find, or else somebody's RSA key."""
    if secret is not None:
        credential = token(RS_CLAIMS, hs(secret), kid=kid)
        return _token(f"kid-{id_}", _KID, credential, "algorithm", forged=True)
    return _token(f"kid-{id_}", _KID, token(RS_CLAIMS, rs(OTHER_RSA_KEY), alg="RS256", kid=kid), "unknown_key")


KID = (
    _kid("dev-null", "../../../../../../dev/null", b""),
    _kid("file", "file:///etc/passwd", b"root"),
    _kid("path", "../../rsa.pem"),
    _kid("sql", "x' UNION SELECT 'secret' -- ", b"secret"),
    _kid("sql-rs", "rsa-1' OR '1'='1"),
    _kid("command", "rsa-1; sleep 10"),
    _kid("nul", "rsa-1\0"),
    _kid("blank", "rsa-1 "),
    _kid("case", "RSA-1"),
    _kid("empty", ""),
    _kid("unicode", "rsa\u20101"),
    _kid("format", "{0.__class__}%s%n"),
    _kid("lines", "rsa-1\r\nX-Tenant-Id: other"),
    _token("kid-unknown-good", _KID, token(RS_CLAIMS, rs(RSA_KEY), alg="RS256", kid="x"), "unknown_key"),
    _token("kid-long", _KID, token(RS_CLAIMS, rs(RSA_KEY), alg="RS256", kid="k" * 257), "malformed"),
    _token("kid-very-long", _KID, token(RS_CLAIMS, rs(RSA_KEY), alg="RS256", kid="k" * 5000), "malformed"),
    _token("kid-surrogate", _KID, jws(b'{"alg":"HS256","kid":"\\ud800"}', claims(), hs(SECRET)), "malformed"),
    *(
        _token(f"kid-{type(kid).__name__}", _KID, token(None, kid=kid), "malformed")
        for kid in (1, 1.5, True, None, ["rsa-1"], {"a": 1})
    ),
)

EXTENDED = (
    _token("crit", _EXTENDED, token(None, crit=["exp"]), "malformed"),
    _token("crit-empty", _EXTENDED, token(None, crit=[]), "malformed"),
    _token("crit-null", _EXTENDED, token(None, crit=None), "malformed"),
    _token("crit-unknown", _EXTENDED, token(None, crit=["x"], x=True), "malformed"),
    _token("b64-false", _EXTENDED, token(None, b64=False, crit=["b64"]), "malformed"),
    _token("b64-false-no-crit", _EXTENDED, token(None, b64=False), "malformed"),
    _token("b64-true", _EXTENDED, token(None, b64=True), "malformed"),
    _token("zip", _EXTENDED, token(None, zip="DEF"), "malformed"),
)

ATTACKS = (*NONE, *CONFUSED, *WRONG, *KID, *EXTENDED)


def _signed(id_: str, said: dict[str, Any], sign: Sign, alg: str, **header: Any) -> Passage:
    """A token that is as it should be."""
    lines = (b"x-tenant-id: acme", b"x-auth-person: user-1", b"x-user-roles: door-staff")
    request = ask(b"/users/", bearer(token(said, sign, alg=alg, **header)))
    return Passage(f"good-{id_}", "so the attacks fail for their own reasons", request, present=lines)


PASSAGES = (
    Passage("good", "so the attacks fail for their own reasons", ask(b"/users/", good())),
    _signed("hs256", claims(), hs(SECRET), "HS256"),
    _signed("hs256-any-kid", claims(), hs(SECRET), "HS256", kid="whatever"),
    _signed("rs256", RS_CLAIMS, rs(RSA_KEY), "RS256", kid="rsa-1"),
    _signed("rs256-no-kid", RS_CLAIMS, rs(RSA_KEY), "RS256"),
    _signed("both-rs", BOTH_CLAIMS, rs(RSA_KEY), "RS256", kid="rsa-1"),
    _signed("both-hs", BOTH_CLAIMS, hs(SECRET), "HS256", kid="hs-1"),
    _signed("es256", ES_CLAIMS, es, "ES256", kid="ec-1"),
    _signed("es256-mirrored", ES_CLAIMS, es_mirrored, "ES256", kid="ec-1"),
    _signed("eddsa", ES_CLAIMS, ED_KEY.sign, "EdDSA", kid="ed-1"),
)
