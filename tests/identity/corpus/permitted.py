"""What callers may not do, policies of every temper, addresses, hosts, and webhooks of somebody else."""

from __future__ import annotations

import hmac

from ..minting import NOW, good
from ..world import GITHUB, STRIPE
from .cases import ADMITTED, ANONYMOUS, BYPASS, OVERSIZE, Attack, Passage, ask, refused, removed

_MAY = "who someone is does not say what they may"
_POLICY = "a policy that does not say yes says no; one that cannot answer lets nobody in"
_ADDRESS = "an address is seen, not said"
_HOST = "RFC 9112 3.2: a request has one host; which services and routes it gets depends on it"
_SIGNED = "a webhook is its sender's if the sender signed these bytes, and not long ago"
_DAY = 86_400


def _forbidden(id_: str, path: bytes, **changes: object) -> Attack:
    """A caller without what the route asks for."""
    return Attack(
        f"may-{id_}",
        _MAY,
        ask(path, good(**changes)),
        403,
        "forbidden",
        ADMITTED,
        event="audit.not_permitted",
        answered=(b'WWW-Authenticate: Bearer realm="shop", error="insufficient_scope"',),
    )


MAY = (
    _forbidden("no-role", b"/scan/", roles=[]),
    _forbidden("other-role", b"/scan/", roles=["customer"]),
    _forbidden("role-case", b"/scan/", roles=["Door-Staff"]),
    _forbidden("role-blank", b"/scan/", roles="door-staff2"),
    _forbidden("permission-as-role", b"/scan/", roles=["tickets:scan"]),
    _forbidden("star-as-role", b"/scan/", roles=["*"]),
    _forbidden("scope-prefix", b"/scan/", roles=[], scope="tickets tickets:sca tickets:scanner ticket:*"),
    _forbidden("scope-other-resource", b"/scan/", roles=[], scope="venue:* tickets:buy"),
    _forbidden("claim-elsewhere", b"/scan/", roles=[], permissions=["tickets:scan"], scp="tickets:scan"),
    _forbidden("role-by-scope", b"/owners/", scope="venue-owner"),
    _forbidden("role-case-owner", b"/owners/", roles=["VENUE-OWNER"]),
    _forbidden("scope-by-role", b"/export/", roles=["reports:read"]),
    _forbidden("scope-missing", b"/export/", scope="reports:write"),
    _forbidden("claim-missing", b"/mfa/"),
    _forbidden("claim-other", b"/mfa/", amr=["pwd"]),
    _forbidden("claim-substring", b"/mfa/", amr="nomfa mfa2"),
    _forbidden("claim-nested", b"/mfa/", amr=[["mfa"]]),
    _forbidden("claim-object", b"/mfa/", amr={"mfa": True}),
    _forbidden("claim-true", b"/mfa/", amr=True),
)


def _policy(
    id_: str, name: bytes, status: int, reason: str, event: str = "", answered: tuple[bytes, ...] = ()
) -> Attack:
    """A policy that does not agree."""
    path = b"/policy/" + name + b"/"
    return Attack(f"policy-{id_}", _POLICY, ask(path, good()), status, reason, ADMITTED, "", event, answered)


POLICIES = (
    _policy("refuses", b"refuses", 403, "policy-refused", "audit.policy_refused"),
    _policy("explains", b"explains", 403, "policy-refused", "audit.policy_refused"),
    _policy("fails", b"fails", 503, "policy-failed"),
    _policy("mumbles", b"mumbles", 503, "policy-failed"),
    _policy("hangs", b"hangs", 503, "policy-failed"),
    _policy("blocks", b"blocks", 503, "policy-failed"),
    Attack(
        "policy-asks-nobody-anonymous", _POLICY, ask(b"/policy/agrees/"), 401, "unauthenticated", refused("missing")
    ),
)


def _address(id_: str, *lines: bytes, moved: tuple[str, ...] = ()) -> Attack:
    """A stranger to the network, whatever it says."""
    return Attack(
        f"address-{id_}", _ADDRESS, ask(b"/lan/", *lines), 403, "address-denied", moved, "", "audit.address_denied"
    )


ADDRESSES = (
    _address("loopback"),
    _address("forwarded-for", b"X-Forwarded-For: 10.0.0.1", moved=removed("x-forwarded-*")),
    _address("real-ip", b"X-Real-IP: 10.0.0.1", moved=removed("x-real-ip")),
    _address("forwarded", b"Forwarded: for=10.0.0.1", moved=removed("forwarded")),
    _address("client-ip", b"X-Client-IP: 10.0.0.1", moved=removed("x-client-ip")),
    _address("underscores", b"X_Forwarded_For: 10.0.0.1", moved=removed("x-forwarded-*")),
    _address("nominated", b"Connection: X-Forwarded-For", b"X-Forwarded-For: 10.0.0.1", moved=removed("x-forwarded-*")),
)


def _hosted(
    id_: str, payload: bytes, status: int, reason: str, moved: tuple[str, ...] = (), truth: str = "-"
) -> Attack:
    """A request whose host is doubtful, or leads nowhere it has not been configured to."""
    return Attack(f"host-{id_}", _HOST, payload, status, reason, moved, truth)


def _malformed(id_: str, payload: bytes) -> Attack:
    """A host that is none, or more than one."""
    return _hosted(id_, payload, 400, "malformed-host")


def _protected(id_: str, payload: bytes) -> Attack:
    """Another host than the one that is open to all."""
    return _hosted(id_, payload, 401, "unauthenticated", (*refused("missing"),), "")


def _absolute(authority: bytes, host: bytes = b"open.test") -> bytes:
    """A request in absolute-form."""
    return ask(b"http://" + authority + b"/users/", host=host)


HOSTS = (
    _malformed("twice", ask(b"/users/", b"Host: gw.test", host=b"open.test")),
    _malformed("twice-same", ask(b"/users/", b"Host: open.test", host=b"open.test")),
    _malformed("list", ask(b"/users/", host=b"open.test, gw.test")),
    _malformed("userinfo", ask(b"/users/", host=b"open.test@gw.test")),
    _malformed("path", ask(b"/users/", host=b"open.test/users")),
    _malformed("query", ask(b"/users/", host=b"open.test?x")),
    _malformed("fragment", ask(b"/users/", host=b"open.test#gw.test")),
    _malformed("backslash", ask(b"/users/", host=b"open.test\\gw.test")),
    _malformed("blank", ask(b"/users/", host=b"open.test gw.test")),
    _malformed("port-text", ask(b"/users/", host=b"open.test:x")),
    _malformed("port-huge", ask(b"/users/", host=b"open.test:99999")),
    _malformed("port-userinfo", ask(b"/users/", host=b"open.test:80@gw.test")),
    _malformed("escaped", ask(b"/users/", host=b"open%2etest")),
    _malformed("unicode", ask(b"/users/", host=b"open.t\xc3\xa9st")),
    _malformed("two-dots", ask(b"/users/", host=b"open.test..")),
    _malformed("star", ask(b"/users/", host=b"*")),
    _malformed("absolute-differs", _absolute(b"gw.test")),
    _malformed("absolute-differs-back", _absolute(b"open.test", b"gw.test")),
    _malformed("absolute-port-differs", _absolute(b"open.test:81")),
    _malformed("absolute-userinfo", _absolute(b"open.test@gw.test")),
    _hosted("absolute-ftp", ask(b"ftp://open.test/users/"), 400, "malformed-target"),
    _hosted("authority-form", ask(b"open.test/{}"), 400, "malformed-target"),
    _protected("below", ask(b"/users/", host=b"a.open.test")),
    _protected("suffix", ask(b"/users/", host=b"open.test.evil.test")),
    _protected("prefix", ask(b"/users/", host=b"evil-open.test")),
    _protected("absolute", _absolute(b"gw.test", b"gw.test")),
    Attack(
        "host-forwarded",
        _HOST,
        ask(b"/users/", b"X-Forwarded-Host: open.test", b"X-Host: open.test"),
        401,
        "unauthenticated",
        (*refused("missing"), *removed("x-forwarded-*")),
    ),
)


def _mac(secret: bytes, data: bytes) -> bytes:
    """HMAC-SHA256 in hex."""
    return hmac.digest(secret, data, "sha256").hex().encode()


def _timed(body: bytes, secret: bytes = STRIPE[1], at: int = NOW, more: bytes = b"") -> bytes:
    """A signature field as Stripe writes it."""
    return b"Stripe-Signature: t=%d,v1=%b%b" % (at, _mac(secret, b"%d.%b" % (at, body)), more)


_BODY = b'{"paid":true}'
_OTHER_BODY = b'{"paid":true,"amount":1}'


def _webhook(
    id_: str, *lines: bytes, body: bytes = _BODY, path: bytes = b"/hooks/stripe/", reason: str = "webhook-signature"
) -> Attack:
    """A webhook that is refused."""
    payload = ask(path, *lines, method=b"POST", body=body)
    event = "audit.webhook_refused" if reason == "webhook-signature" else ""
    return Attack(f"webhook-{id_}", _SIGNED, payload, 403, reason, (BYPASS,), event=event, method=b"POST")


_GITHUB = b"/hooks/github/"

WEBHOOKS = (
    _webhook("missing"),
    _webhook("empty", b"Stripe-Signature:"),
    _webhook("wrong-secret", _timed(_BODY, b"whsec-guessed")),
    _webhook("other-body", _timed(_OTHER_BODY)),
    _webhook("body-longer", _timed(_BODY), body=_BODY + b" "),
    _webhook("stale", _timed(_BODY, at=NOW - 10 * _DAY)),
    _webhook("stale-1970", _timed(_BODY, at=0)),
    _webhook("early", _timed(_BODY, at=NOW + 10 * _DAY)),
    _webhook("time-changed", b"Stripe-Signature: t=%d,v1=%b" % (NOW, _mac(STRIPE[1], b"%d.%b" % (NOW - 1, _BODY)))),
    _webhook("time-missing", b"Stripe-Signature: v1=" + _mac(STRIPE[1], _BODY)),
    _webhook("time-twice", _timed(_BODY, more=b",t=1")),
    _webhook("time-text", b"Stripe-Signature: t=now,v1=" + _mac(STRIPE[1], b"now." + _BODY)),
    _webhook("v0", b"Stripe-Signature: t=%d,v0=%b" % (NOW, _mac(STRIPE[1], b"%d.%b" % (NOW, _BODY)))),
    _webhook("v1-empty", b"Stripe-Signature: t=%d,v1=" % NOW),
    _webhook("v1-cut", _timed(_BODY)[:-2]),
    _webhook("v1-many", b"Stripe-Signature: t=%d" % NOW + b",v1=" + b",v1=".join([b"0" * 64] * 9)),
    _webhook("two-fields", _timed(_BODY), _timed(_BODY)),
    _webhook("two-fields-differ", b"Stripe-Signature: t=1,v1=00", _timed(_BODY)),
    _webhook("underscore", _timed(_BODY).replace(b"-", b"_", 1)),
    _webhook("unicode", b"Stripe-Signature: t=1,v1=\xc3\xa9"),
    _webhook("bearer-instead", good()),
    _webhook("plain-for-timed", b"Stripe-Signature: sha256=" + _mac(STRIPE[1], _BODY)),
    _webhook("github-wrong", b"X-Hub-Signature-256: sha256=" + _mac(b"guess", _BODY), path=_GITHUB),
    _webhook("github-sha1", b"X-Hub-Signature: sha1=" + _mac(GITHUB, _BODY)[:40], path=_GITHUB),
    _webhook("github-no-prefix", b"X-Hub-Signature-256: " + _mac(GITHUB, _BODY), path=_GITHUB),
    _webhook("github-replay", b"X-Hub-Signature-256: sha256=" + _mac(GITHUB, _BODY), body=b"{}", path=_GITHUB),
    Attack(
        "webhook-too-large",
        _SIGNED,
        ask(_GITHUB, b"X-Hub-Signature-256: sha256=" + b"0" * 64, method=b"POST", body=b"x" * 2000),
        413,
        "body-too-large",
        (OVERSIZE,),
        method=b"POST",
    ),
)

ATTACKS = (*MAY, *POLICIES, *ADDRESSES, *HOSTS, *WEBHOOKS)


_MADE_UP = (b"X-Tenant-Id", b"x_tenant_id", b"X-Real-IP")


def _allowed(id_: str, path: bytes, **changes: object) -> Passage:
    """A caller who may."""
    return Passage(f"may-{id_}", _MAY, ask(path, good(**changes)))


def _delivered(id_: str, *lines: bytes, path: bytes = b"/hooks/stripe/", chunks: bytes = b"") -> Passage:
    """A webhook of its sender, whose bytes and fields the service gets as they came."""
    body = b"" if chunks else _BODY
    fields = tuple(name.lower() + b": " + value for name, _, value in (line.partition(b": ") for line in lines))
    payload = ask(path, *lines, method=b"POST", body=body, chunks=chunks)
    return Passage(f"webhook-{id_}", _SIGNED, payload, (), present=fields, method=b"POST")


PASSAGES = (
    _allowed("role", b"/scan/"),
    _allowed("role-wildcard", b"/scan/", roles=["venue-owner"]),
    _allowed("scope", b"/scan/", roles=[], scope="openid tickets:scan"),
    _allowed("scope-wildcard", b"/scan/", roles=[], scope="tickets:*"),
    _allowed("owner", b"/owners/", roles=["customer", "venue-owner"]),
    _allowed("export", b"/export/", scope="reports:*"),
    _allowed("mfa", b"/mfa/", amr=["pwd", "mfa"]),
    Passage("policy-agrees", _POLICY, ask(b"/policy/agrees/", good())),
    Passage(
        "policy-is-shown-nothing-forged",
        _POLICY,
        ask(b"/policy/sees-no-claims/", good(), *(name + b": impostor" for name in _MADE_UP)),
        (
            *ADMITTED,
            *removed("x-tenant-id", "x-tenant-id", "x-real-ip"),
            "security_violations_total{violation_type=header_manipulation}",
        ),
        event="audit.identity_headers_forged",
    ),
    Passage("host-open", _HOST, ask(b"/users/", host=b"open.test"), (), absent=ANONYMOUS),
    Passage("host-open-port", _HOST, ask(b"/users/", host=b"OPEN.test:8080"), (), present=(b"host: OPEN.test:8080",)),
    Passage("host-open-dot", _HOST, ask(b"/users/", host=b"open.test."), ()),
    Passage("host-absolute-same", _HOST, _absolute(b"open.test"), (), target=b"/users/", present=(b"host: open.test",)),
    Passage("host-absolute-port", _HOST, _absolute(b"open.test:80"), (), target=b"/users/"),
    _delivered("new-secret", _timed(_BODY)),
    _delivered("old-secret", _timed(_BODY, STRIPE[0])),
    _delivered(
        "second-signature",
        b"Stripe-Signature: t=%d,v1=%b,v1=%b" % (NOW, b"0" * 64, _mac(STRIPE[0], b"%d.%b" % (NOW, _BODY))),
    ),
    _delivered("other-versions", _timed(_BODY, more=b",v0=x")),
    _delivered("chunked", _timed(_BODY), chunks=b"5\r\n" + _BODY[:5] + b"\r\n8\r\n" + _BODY[5:] + b"\r\n0\r\n\r\n"),
    _delivered("github", b"X-Hub-Signature-256: sha256=" + _mac(GITHUB, _BODY), path=_GITHUB),
)
