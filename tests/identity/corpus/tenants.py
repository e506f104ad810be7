"""A tenant that is named in the path, the query, the host or a header, and is not the caller's own."""

from __future__ import annotations

from ..minting import good
from .cases import ADMITTED, CROSSED, PASSED, Attack, Passage, ask, pair

_APART = "the tenant of a request is the one in its credential, wherever else one is named"
_STATE = "a tenant that is not served is not served by any way"
_ADMIN = "an administrator may, where the route says so, and it is written down"


def _of(tenant: str) -> tuple[str, ...]:
    """What an admitted request of this tenant moves."""
    return PASSED, f"tenant_requests_total{{tenant_id={tenant}}}"


def _foreign(
    id_: str,
    path: bytes,
    *lines: bytes,
    host: bytes = b"gw.test",
    target: str = "_other",
    open_: bool = False,
    credential: bytes = good(),
) -> Attack:
    """Another tenant is named; `open_` where the route says so, while others hide that there is one."""
    return Attack(
        f"foreign-{id_}",
        _APART,
        ask(path, credential, *lines, host=host),
        403 if open_ else 404,
        "foreign-tenant" if open_ else "no-route",
        (*ADMITTED, CROSSED, pair("acme", target)),
        truth="" if open_ else "hidden-tenant",
        event="audit.cross_tenant",
        unsaid=() if open_ else (b"tenant",),
    )


def _path(id_: str, path: bytes, target: str = "_other") -> Attack:
    """In the path."""
    return _foreign(f"path-{id_}", path, target=target)


def _query(id_: str, query: bytes, target: str = "_other") -> Attack:
    """In the query."""
    return _foreign(f"query-{id_}", b"/q/{}?" + query, target=target, open_=True)


def _header(id_: str, *lines: bytes, target: str = "other") -> Attack:
    """In a header."""
    return _foreign(f"header-{id_}", b"/h/", *lines, target=target)


def _host(id_: str, host: bytes, target: str = "_other") -> Attack:
    """In the host."""
    return _foreign(f"host-{id_}", b"/", host=host, target=target)


FOREIGN = (
    _path("other", b"/t/other/", "other"),
    _path("unknown", b"/t/nobody/"),
    _path("case", b"/t/ACME/"),
    _path("escaped", b"/t/%6fther/", "other"),
    _path("parameter", b"/t/acme;tenant=other/"),
    _path("blank", b"/t/acme%20/"),
    _path("comma", b"/t/acme,other/"),
    _path("unicode", b"/t/%EF%BD%81cme/"),
    _path("cyrillic", b"/t/acm%D0%B5/"),
    _path("no-utf-8", b"/t/acme%ff/"),
    _path("escaped-twice", b"/t/%2561cme/"),
    _path("prefix", b"/t/acme2/"),
    _path("suspended", b"/t/frozen/", "frozen"),
    _query("other", b"tenant_id=other", "other"),
    _query("unknown", b"tenant_id=nobody"),
    _query("empty", b"tenant_id="),
    _query("bare", b"tenant_id"),
    _query("second", b"tenant_id=acme&tenant_id=other", "other"),
    _query("first", b"tenant_id=other&tenant_id=acme", "other"),
    _query("far", b"a=1&b=2&tenant_id=acme&c=3&tenant_id=other", "other"),
    _query("semicolon", b"a=1;tenant_id=other", "other"),
    _query("key-case", b"Tenant_ID=other", "other"),
    _query("key-escaped", b"%74enant_id=other", "other"),
    _query("key-all-escaped", b"%74%65%6e%61%6e%74%5F%69%64=other", "other"),
    _query("key-dot", b"tenant.id=other", "other"),
    _query("key-blank", b"tenant+id=other", "other"),
    _query("key-blank-before", b"%20tenant_id=other", "other"),
    _query("key-list", b"tenant_id[]=other", "other"),
    _query("key-list-escaped", b"tenant_id%5B0%5D=other", "other"),
    _query("value-escaped", b"tenant_id=%6Fther", "other"),
    _query("value-case", b"tenant_id=ACME"),
    _query("value-blank", b"tenant_id=acme+"),
    _query("value-blank-before", b"tenant_id=%20acme"),
    _query("value-nul", b"tenant_id=acme%00"),
    _query("value-list", b"tenant_id=acme,other"),
    _query("value-unicode", b"tenant_id=%EF%BD%81cme"),
    _query("value-escaped-twice", b"tenant_id=%2561cme"),
    _query("value-equals", b"tenant_id=acme=other"),
    _header("other", b"X-Venue: other"),
    _header("case", b"x-venue: other"),
    _header("underscore", b"X_Venue: other"),
    _header("dot", b"X.Venue: other"),
    _header("second", b"X-Venue: acme", b"X-Venue: other"),
    _header("second-otherwise", b"X-Venue: acme", b"X_VENUE: other"),
    _header("nominated", b"Connection: X-Venue", b"X-Venue: other"),
    _header("empty", b"X-Venue:", target="_other"),
    _header("list", b"X-Venue: acme, other", target="_other"),
    _header("unicode", b"X-Venue: acm\xd0\xb5", target="_other"),
    _host("other", b"other.tenants.test", "other"),
    _host("case", b"OTHER.Tenants.Test", "other"),
    _host("dot", b"other.tenants.test.", "other"),
    _host("port", b"other.tenants.test:8080", "other"),
    _host("below", b"acme.other.tenants.test"),
    _host("beside", b"other.acme.tenants.test"),
    _host("unknown", b"nobody.tenants.test"),
    _foreign("host-own", b"/users/", host=b"shop.other.test", target="other"),
    _foreign("host-own-suffix", b"/users/", host=b"a.other-shops.test", target="other"),
    _foreign("host-on-tenant-path", b"/t/acme/", host=b"shop.other.test", target="other"),
    _foreign("no-bypass-here", b"/t/other/", target="other", credential=good(roles=["admin"])),
    _foreign("no-administrator", b"/ops/other/", target="other"),
    _foreign("role-by-name", b"/ops/other/", target="other", credential=good(roles=["administrator", "ADMIN"])),
    _foreign("scope-wildcard", b"/ops/other/", target="other", credential=good(scope="tenants tickets:*")),
)

STATES = (
    Attack(
        "tenant-suspended",
        _STATE,
        ask(b"/users/", good(tenant_id="frozen")),
        403,
        "tenant-suspended",
        _of("frozen"),
        event="audit.tenant_suspended",
    ),
    Attack(
        "tenant-suspended-administrator",
        _STATE,
        ask(b"/ops/acme/", good(tenant_id="frozen", roles=["admin"])),
        403,
        "tenant-suspended",
        _of("frozen"),
        event="audit.tenant_suspended",
    ),
    Attack(
        "tenant-unknown",
        _STATE,
        ask(b"/users/", good(tenant_id="nobody")),
        403,
        "tenant-unknown",
        _of("nobody"),
        event="audit.tenant_unknown",
    ),
    Attack(
        "tenant-none",
        _STATE,
        ask(b"/users/", good(tenant_id=...)),
        403,
        "tenant-unknown",
        (PASSED,),
        event="audit.tenant_unknown",
    ),
    Attack(
        "tenant-null",
        _STATE,
        ask(b"/t/None/", good(tenant_id=None)),
        403,
        "tenant-unknown",
        (PASSED,),
        event="audit.tenant_unknown",
    ),
    Attack(
        "tenant-by-header-only",
        _STATE,
        ask(b"/h/", good(tenant_id=...), b"X-Venue: acme"),
        403,
        "tenant-unknown",
        (PASSED,),
        event="audit.tenant_unknown",
    ),
    Attack("tenant-route", _STATE, ask(b"/users/", good(tenant_id="narrow")), 403, "tenant-route", _of("narrow")),
    Attack(
        "tenant-address",
        _STATE,
        ask(b"/users/", good(tenant_id="walled")),
        403,
        "address-denied",
        _of("walled"),
        event="audit.address_denied",
    ),
    Attack(
        "tenant-address-claimed",
        _STATE,
        ask(b"/users/", good(tenant_id="walled"), b"X-Forwarded-For: 10.0.0.1", b"X-Real-IP: 10.0.0.1"),
        403,
        "address-denied",
        (
            *_of("walled"),
            "dangerous_headers_filtered_total{header_name=x-forwarded-*}",
            "dangerous_headers_filtered_total{header_name=x-real-ip}",
        ),
        event="audit.address_denied",
    ),
)

ATTACKS = (*FOREIGN, *STATES)


def _own(id_: str, path: bytes, *lines: bytes, host: bytes = b"gw.test", target: bytes = b"") -> Passage:
    """The caller's own tenant is named."""
    line = (b"x-tenant-id: acme",)
    return Passage(f"own-{id_}", _APART, ask(path, good(), *lines, host=host), target=target, present=line)


PASSAGES = (
    _own("path", b"/t/acme/"),
    _own("path-escaped", b"/t/%61cme/", target=b"/t/acme/"),
    _own("query", b"/q/{}?tenant_id=acme"),
    _own("query-twice", b"/q/{}?tenant_id=acme&tenant_id=acme"),
    _own("query-none", b"/q/"),
    _own("query-neighbours", b"/q/{}?xtenant_id=other&tenant_idx=other&tenant=other"),
    _own("header", b"/h/", b"X-Venue: acme"),
    _own("header-none", b"/h/"),
    _own("host", b"/", host=b"acme.tenants.test"),
    _own("host-case", b"/", host=b"Acme.TENANTS.test:80"),
    _own("host-white-label", b"/users/", host=b"shop.acme.test"),
    Passage(
        "administrator-elsewhere",
        _ADMIN,
        ask(b"/ops/other/", good(roles=["admin"])),
        present=(b"x-tenant-id: acme", b"x-user-roles: admin"),
        event="audit.admin_in_other_tenant",
    ),
    Passage(
        "administrator-without-tenant",
        _ADMIN,
        ask(b"/ops/other/", good(roles=["admin"], tenant_id=...)),
        (PASSED,),
        absent=(b"x-tenant-id",),
        event="audit.admin_in_other_tenant",
    ),
    Passage("anonymous-names-whom-it-likes", _APART, ask(b"/login/{}?tenant_id=other"), (), absent=(b"x-tenant-id",)),
    Passage("narrow-where-it-may", _STATE, ask(b"/scan/", good(tenant_id="narrow")), _of("narrow")),
)
