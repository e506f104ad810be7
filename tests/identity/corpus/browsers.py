"""Pages of other sites: origins that look like one that is allowed, preflights, and requests that a page caused."""

from __future__ import annotations

from ..minting import good, token
from .cases import ADMITTED, BYPASS, Attack, Passage, ask, refused

_ORIGIN = "an origin is compared whole; a refused one gets the same answer, which its browser keeps from it"
_PREFLIGHT = "Fetch standard 4.8: the gateway answers, and no service hears of it"
_CSRF = "a browser adds cookies to whatever a page makes it send"
_COOKIE = b"Cookie: session=" + token()
_ALLOWED = b"Access-Control-Allow-Origin: "


def _stranger(id_: str, *lines: bytes) -> Passage:
    """An origin that is not allowed."""
    return Passage(
        f"cors-{id_}",
        _ORIGIN,
        ask(b"/cors/", good(), *lines),
        answered=(b"Vary: Origin",),
        unanswered=(b"Access-Control-",),
    )


def _friend(id_: str, origin: bytes) -> Passage:
    """An origin that is."""
    return Passage(
        f"cors-{id_}",
        _ORIGIN,
        ask(b"/cors/", good(), b"Origin: " + origin),
        answered=(_ALLOWED + origin + b"\r\n", b"Access-Control-Allow-Credentials: true", b"Vary: Origin"),
    )


def _preflight(id_: str, origin: bytes, method: bytes, *lines: bytes, allowed: bool = False) -> Passage:
    """A preflight, which needs no credential."""
    asked = (b"Origin: " + origin, b"Access-Control-Request-Method: " + method, *lines)
    return Passage(
        f"preflight-{id_}",
        _PREFLIGHT,
        ask(b"/cors/", *asked, method=b"OPTIONS"),
        (),
        answered=(b"Vary: Origin, Access-Control-Request-Method", *((_ALLOWED + origin + b"\r\n",) if allowed else ())),
        unanswered=() if allowed else (b"Access-Control-Allow",),
        status=204,
        own=True,
        method=b"OPTIONS",
    )


def _caused(id_: str, *lines: bytes, method: bytes = b"POST") -> Attack:
    """A request with a cookie that a page of another site caused, or might have."""
    return Attack(
        f"csrf-{id_}",
        _CSRF,
        ask(b"/form/", _COOKIE, *lines, method=method),
        403,
        "cross-site",
        (*ADMITTED, BYPASS),
        event="audit.cross_site_request",
        method=method,
    )


def _own(id_: str, *lines: bytes, method: bytes = b"POST") -> Passage:
    """One that is the user's own doing, or could not have been caused by a page."""
    return Passage(f"csrf-{id_}", _CSRF, ask(b"/form/", *lines, method=method), method=method)


_MANY = b"Access-Control-Request-Headers: " + b",".join([b"x-own"] * 200)
_WEBSOCKET = (b"Connection: Upgrade", b"Upgrade: websocket")

ATTACKS = (
    _caused("origin", b"Origin: https://evil.test"),
    _caused("origin-null", b"Origin: null"),
    _caused("origin-scheme", b"Origin: https://gw.test"),
    _caused("origin-port", b"Origin: http://gw.test:8080"),
    _caused("origin-suffix", b"Origin: http://gw.test.evil.test"),
    _caused("origin-prefix", b"Origin: http://evilgw.test"),
    _caused("origin-userinfo", b"Origin: http://gw.test@evil.test"),
    _caused("origin-below-trusted", b"Origin: https://a.partner.test"),
    _caused("origin-twice", b"Origin: http://gw.test", b"Origin: https://evil.test"),
    _caused("origin-forwarded-host", b"Origin: http://evil.test", b"Host_: evil.test"),
    _caused("site", b"Sec-Fetch-Site: cross-site"),
    _caused("site-same-site", b"Sec-Fetch-Site: same-site"),
    _caused("site-contradicts", b"Origin: http://gw.test", b"Sec-Fetch-Site: cross-site"),
    _caused("referer", b"Referer: https://evil.test/"),
    _caused("referer-lookalike", b"Referer: http://gw.test.evil.test/form"),
    _caused("referer-query", b"Referer: https://evil.test/?http://gw.test/"),
    _caused("nothing"),
    _caused("put", b"Origin: https://evil.test", method=b"PUT"),
    _caused("delete", b"Origin: https://evil.test", method=b"DELETE"),
    _caused("unknown-method", b"Origin: https://evil.test", method=b"FROB"),
    _caused("websocket", b"Origin: https://evil.test", *_WEBSOCKET, method=b"GET"),
    _caused("websocket-null", b"Origin: null", *_WEBSOCKET, method=b"GET"),
    Attack(
        "cors-options-is-no-preflight",
        _PREFLIGHT,
        ask(b"/cors/", b"Origin: https://app.test", method=b"OPTIONS"),
        401,
        "unauthenticated",
        refused("missing"),
        answered=(_ALLOWED + b"https://app.test",),
        method=b"OPTIONS",
    ),
    Attack(
        "preflight-elsewhere",
        "where no other origin may come in, a preflight is a request like any other",
        ask(b"/users/", b"Origin: https://app.test", b"Access-Control-Request-Method: GET", method=b"OPTIONS"),
        401,
        "unauthenticated",
        refused("missing"),
        method=b"OPTIONS",
    ),
    Attack(
        "preflight-is-no-way-in",
        "only OPTIONS is a preflight",
        ask(b"/cors/", b"Origin: https://app.test", b"Access-Control-Request-Method: GET"),
        401,
        "unauthenticated",
        refused("missing"),
    ),
    Attack(
        "cors-refusals-tell-friends",
        "an allowed page may read why it was refused",
        ask(b"/cors/", b"Origin: https://app.test"),
        401,
        "unauthenticated",
        refused("missing"),
        answered=(_ALLOWED + b"https://app.test", b"Vary: Origin"),
    ),
)

PASSAGES = (
    _stranger("none"),
    _stranger("evil", b"Origin: https://evil.test"),
    _stranger("scheme", b"Origin: http://app.test"),
    _stranger("port", b"Origin: https://app.test:8443"),
    _stranger("own-port", b"Origin: https://app.test:443"),
    _stranger("case", b"Origin: https://APP.test"),
    _stranger("slash", b"Origin: https://app.test/"),
    _stranger("dot", b"Origin: https://app.test."),
    _stranger("suffix", b"Origin: https://app.test.evil.test"),
    _stranger("prefix", b"Origin: https://evil-app.test"),
    _stranger("below", b"Origin: https://a.app.test"),
    _stranger("userinfo", b"Origin: https://app.test@evil.test"),
    _stranger("null", b"Origin: null"),
    _stranger("twice", b"Origin: https://app.test", b"Origin: https://evil.test"),
    _stranger("twice-friend", b"Origin: https://app.test", b"Origin: https://app.test"),
    _stranger("list", b"Origin: https://app.test https://evil.test"),
    _stranger("wildcard-itself", b"Origin: https://apps.test"),
    _stranger("wildcard-glued", b"Origin: https://evilapps.test"),
    _stranger("wildcard-suffix", b"Origin: https://a.apps.test.evil.test"),
    _stranger("wildcard-scheme", b"Origin: http://a.apps.test"),
    _stranger("wildcard-empty-label", b"Origin: https://.apps.test"),
    _stranger("wildcard-two-dots", b"Origin: https://a..apps.test"),
    _stranger("wildcard-backslash", b"Origin: https://evil.test\\.apps.test"),
    _stranger("wildcard-slash", b"Origin: https://evil.test/.apps.test"),
    _stranger("wildcard-quote", b"Origin: https://evil.test`.apps.test"),
    _stranger("wildcard-literal", b"Origin: https://*.apps.test"),
    _stranger("long", b"Origin: https://" + b"a." * 2000 + b"apps.test"),
    _friend("friend", b"https://app.test"),
    _friend("wildcard", b"https://a.apps.test"),
    _friend("wildcard-deep", b"https://a.b-c.apps.test"),
    _preflight("friend", b"https://app.test", b"PUT", b"Access-Control-Request-Headers: x-own", allowed=True),
    _preflight("stranger", b"https://evil.test", b"GET"),
    _preflight("lookalike", b"https://app.test.evil.test", b"GET"),
    _preflight("null", b"null", b"GET"),
    _preflight("method", b"https://app.test", b"DELETE"),
    _preflight("method-case", b"https://app.test", b"put"),
    _preflight("header", b"https://app.test", b"GET", b"Access-Control-Request-Headers: X-Own, X-Tenant-Id"),
    _preflight("header-lines", b"https://app.test", b"GET", b"Access-Control-Request-Headers: x-own\tx"),
    _preflight("headers-many", b"https://app.test", b"GET", _MANY),
    _own("own", _COOKIE, b"Origin: http://gw.test"),
    _own("trusted", _COOKIE, b"Origin: https://partner.test"),
    _own("typed", _COOKIE, b"Sec-Fetch-Site: none"),
    _own("safe", _COOKIE, b"Origin: https://evil.test", method=b"GET"),
    _own("bearer", good(), b"Origin: https://evil.test"),
)
