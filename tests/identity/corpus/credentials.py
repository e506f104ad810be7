"""How a credential is brought: twice, in two places, in the wrong scheme, in cookies, as an API key."""

from __future__ import annotations

from ..minting import OTHER_SECRET, RSA_KEY, api_key, bearer, claims, good, hs, rs, token, unsigned
from ..world import EXPIRED_KEY, KEY
from .cases import ACME, ADMITTED, ANONYMOUS, BYPASS, EXPIRED, FAILED, PASSED, Attack, Passage, ask, refused

_TWO = "RFC 6750 2: a client brings its token in one way only; of two, one program believes the first, another the last"
_SCHEME = "RFC 9110 11.6.2: one scheme, blanks, one token; anything else is no bearer token"
_COOKIE = "a cookie of the name that is configured, once, and nothing but a token in it"
_KEY = "an API key proves its bearer or nobody; the answer does not say what was wrong with it"
_HERE = "a credential that is good elsewhere"
_MISSING = (*refused("missing"),)
_TOKEN = token()


def _brought(id_: str, why: str, *lines: bytes, path: bytes = b"/users/") -> Attack:
    """Credentials that are brought in a way that is refused, whatever they are; the connection is over."""
    return Attack(
        f"brought-{id_}",
        why,
        ask(path, *lines),
        400,
        "invalid-credential",
        refused("malformed"),
        answered=(b'error="invalid_request"', b"Connection: close"),
        unsaid=(_TOKEN,),
    )


BROUGHT = (
    _brought("two-headers", _TWO, good(), good()),
    _brought("two-headers-differ", _TWO, good(), good(sub="root")),
    _brought("bad-then-good", _TWO, bearer(b"x"), good()),
    _brought("basic-then-good", _TWO, b"Authorization: Basic dTpw", good()),
    _brought("good-then-empty", _TWO, good(), b"Authorization:"),
    _brought("two-headers-case", _TWO, good(), b"aUTHORIZATION: Bearer " + _TOKEN),
    _brought("two-on-optional", _TWO, good(), good(), path=b"/maybe/"),
    _brought("header-and-cookie", _TWO, good(), b"Cookie: session=" + _TOKEN),
    _brought("basic-and-cookie", _TWO, b"Authorization: Basic dTpw", b"Cookie: session=" + _TOKEN),
    _brought("header-and-key", _TWO, good(), b"X-API-Key: " + KEY),
    _brought("cookie-and-key", _TWO, b"Cookie: session=" + _TOKEN, b"X-API-Key: " + KEY),
    _brought("two-keys", _TWO, b"X-API-Key: " + KEY, b"x-api-key: " + KEY),
    _brought("two-cookies", _TWO, b"Cookie: session=%b; session=%b" % (_TOKEN, _TOKEN)),
    _brought("two-cookie-lines", _TWO, b"Cookie: session=" + _TOKEN, b"Cookie: session=" + _TOKEN),
    _brought("cookie-tossed", _TWO, b"Cookie: session=x; a=b; session=" + _TOKEN),
    _brought("no-token", _SCHEME, b"Authorization: Bearer"),
    _brought("two-tokens", _SCHEME, bearer(_TOKEN + b" " + _TOKEN)),
    _brought("comma", _SCHEME, bearer(_TOKEN + b", Basic dTpw")),
    _brought("comma-tight", _SCHEME, bearer(_TOKEN + b"," + _TOKEN)),
    _brought("tab", _SCHEME, b"Authorization: Bearer\t" + _TOKEN),
    _brought("colon", _SCHEME, b"Authorization: Bearer: " + _TOKEN),
    _brought("equals", _SCHEME, b"Authorization: Bearer=" + _TOKEN),
    _brought("quoted", _SCHEME, bearer(b'"' + _TOKEN + b'"')),
    _brought("unicode", _SCHEME, bearer(_TOKEN + b"\xc3\xa9")),
    _brought("json", _SCHEME, bearer(b'{"payload":"e30"}')),
    _brought("percent", _SCHEME, bearer(_TOKEN.replace(b".", b"%2e"))),
    _brought("cookie-quoted", _COOKIE, b'Cookie: session="' + _TOKEN + b'"'),
    _brought("cookie-empty", _COOKIE, b"Cookie: session="),
    _brought("cookie-scheme", _COOKIE, b"Cookie: session=Bearer " + _TOKEN),
    _brought("cookie-unicode", _COOKIE, b"Cookie: session=\xff"),
)


def _anonymous(id_: str, why: str, *lines: bytes, path: bytes = b"/users/") -> Attack:
    """No credential at all, as far as the gateway is concerned."""
    return Attack(
        f"missing-{id_}",
        why,
        ask(path, *lines),
        401,
        "unauthenticated",
        _MISSING,
        answered=(b'WWW-Authenticate: Bearer realm="shop"\r\n',),
        unsaid=(b"error=",),
    )


MISSING = (
    _anonymous("nothing", _SCHEME),
    _anonymous("basic", _SCHEME, b"Authorization: Basic dXNlcjpwYXNz"),
    _anonymous("digest", _SCHEME, b'Authorization: Digest username="root"'),
    _anonymous("negotiate", _SCHEME, b"Authorization: Negotiate YII="),
    _anonymous("bearerx", _SCHEME, b"Authorization: BearerX " + _TOKEN),
    _anonymous("no-scheme", _SCHEME, b"Authorization: " + _TOKEN),
    _anonymous("token-scheme", _SCHEME, b"Authorization: Token " + _TOKEN),
    _anonymous("empty", _SCHEME, b"Authorization:"),
    _anonymous("proxy-authorization", _SCHEME, b"Proxy-Authorization: Bearer " + _TOKEN),
    _anonymous("underscore", _SCHEME, b"Authorization_: Bearer " + _TOKEN),
    _anonymous("x-authorization", _SCHEME, b"X-Authorization: Bearer " + _TOKEN),
    _anonymous("forwarded", _SCHEME, b"X-Auth-Request-Access-Token: " + _TOKEN),
    _anonymous("other-cookie", _COOKIE, b"Cookie: Session=" + _TOKEN),
    _anonymous("cookie-prefix", _COOKIE, b"Cookie: xsession=%b; session2=%b" % (_TOKEN, _TOKEN)),
    _anonymous("cookie-name-only", _COOKIE, b"Cookie: session"),
    _anonymous("set-cookie", _COOKIE, b"Set-Cookie: session=" + _TOKEN),
    _anonymous("query", "RFC 6750 2.3: a token in a URL ends in logs", path=b"/users/{}?access_token=" + _TOKEN),
    _anonymous("inside", _SCHEME, path=b"/inside/"),
)


def _key(id_: str, key: bytes, moved: tuple[str, ...] = (FAILED,)) -> Attack:
    """An API key that is not accepted."""
    return Attack(
        f"key-{id_}",
        _KEY,
        ask(b"/users/", b"X-API-Key: " + key),
        401,
        "invalid-api-key",
        moved,
        event="audit.api_key_refused",
        answered=(b'WWW-Authenticate: ApiKey realm="shop", header="x-api-key", error="invalid_key"',),
        unsaid=(key or b"gw_", b"expired", b"unknown"),
    )


_A = b"a" * 13

KEYS = (
    _key("unknown", api_key(b"z" * 13, b"b" * 32)),
    _key("wrong", api_key(_A, b"c" * 32)),
    _key("expired", EXPIRED_KEY, (EXPIRED, "tenant_auth_failures_total{reason=expired}{tenant_id=acme}")),
    _key("expired-wrong", api_key(b"c" * 13, b"e" * 32)),
    _key("checksum", KEY[:-1] + b"0"),
    _key("cut", KEY[:-8]),
    _key("case", KEY.upper()),
    _key("empty", b""),
    _key("junk", b"' OR 1=1 --"),
    _key("two-joined", KEY + b", " + KEY),
    _key("token", _TOKEN),
    _key("long", b"gw_" + b"a" * 5000),
    Attack("key-other-header", _KEY, ask(b"/users/", b"Api-Key: " + KEY), 401, "unauthenticated", _MISSING),
    Attack("key-underscores", _KEY, ask(b"/users/", b"X_API_KEY: " + KEY), 401, "unauthenticated", _MISSING),
    Attack("key-bearer", _KEY, ask(b"/users/", bearer(KEY)), 401, "invalid-token", refused("malformed")),
    Attack("key-query", _KEY, ask(b"/users/{}?api_key=" + KEY), 401, "unauthenticated", _MISSING),
    Attack("key-not-taken-here", _HERE, ask(b"/signed/", b"X-API-Key: " + KEY), 401, "unauthenticated", _MISSING),
)

HERE = (
    Attack(
        "token-not-taken-here",
        _HERE,
        ask(b"/machines/", good(sub="never-seen")),
        401,
        "invalid-token",
        (FAILED,),
        answered=(b'WWW-Authenticate: ApiKey realm="shop", header="x-api-key"\r\n',),
    ),
    Attack("issuer-not-taken-here", _HERE, ask(b"/signed/", good()), 401, "invalid-token", refused("issuer", "acme")),
    Attack(
        "optional-is-not-lax",
        "whoever says something must say something true",
        ask(b"/maybe/", bearer(token(None, unsigned, alg="none"))),
        401,
        "invalid-token",
        (*refused("algorithm"), BYPASS),
        truth="forged-token",
        event="audit.token_forged",
    ),
    Attack(
        "optional-wrong-secret",
        "whoever says something must say something true",
        ask(b"/maybe/", bearer(token(claims(), hs(OTHER_SECRET)))),
        401,
        "invalid-token",
        (*refused("invalid"), BYPASS),
        truth="forged-token",
        event="audit.token_forged",
    ),
    Attack(
        "optional-bad-key",
        "whoever says something must say something true",
        ask(b"/maybe/", b"X-API-Key: x"),
        401,
        "invalid-api-key",
        (FAILED,),
        event="audit.api_key_refused",
    ),
)

ATTACKS = (*BROUGHT, *MISSING, *KEYS, *HERE)

_ROBOT = (b"x-tenant-id: acme", b"x-auth-person: robot")

PASSAGES = (
    Passage("bearer-case", _SCHEME, ask(b"/users/", b"authorization: bEARER " + _TOKEN)),
    Passage("bearer-blanks", _SCHEME, ask(b"/users/", b"Authorization:  Bearer   " + _TOKEN + b"  ")),
    Passage("cookie", _COOKIE, ask(b"/users/", b"Cookie: a=b; session=" + _TOKEN + b"; c=d")),
    Passage("cookie-second-line", _COOKIE, ask(b"/users/", b"Cookie: a=b", b"Cookie: session=" + _TOKEN)),
    Passage("key", _KEY, ask(b"/users/", b"x-api-key: " + KEY), ADMITTED, present=_ROBOT),
    Passage("key-machines", _KEY, ask(b"/machines/", b"X-API-Key: " + KEY), ADMITTED, present=_ROBOT),
    Passage("key-beside-basic", _KEY, ask(b"/users/", b"X-API-Key: " + KEY, b"Authorization: Basic dTpw"), ADMITTED),
    Passage(
        "issuer-taken-here",
        _HERE,
        ask(b"/signed/", bearer(token(claims(iss="https://rs.test"), rs(RSA_KEY), alg="RS256"))),
        (PASSED, ACME),
    ),
    Passage("optional-nothing", _SCHEME, ask(b"/maybe/"), (), absent=ANONYMOUS),
    Passage("optional-basic", _SCHEME, ask(b"/maybe/", b"Authorization: Basic dTpw"), (), absent=ANONYMOUS),
    Passage("optional-good", _SCHEME, ask(b"/maybe/", good()), ADMITTED, present=(b"x-tenant-id: acme",)),
    Passage(
        "public-does-not-ask",
        "a public route believes nobody",
        ask(b"/login/", bearer(token(None, unsigned, alg="none"))),
        (),
        absent=ANONYMOUS,
    ),
    Passage("public-good", "a public route believes nobody", ask(b"/login/", good()), (), absent=ANONYMOUS),
    Passage("inside", "the gateway's own answers are asked for like others", ask(b"/inside/", good()), own=True),
)
