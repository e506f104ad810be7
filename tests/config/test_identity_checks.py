"""What is wrong with the other sections about callers: each fault at its place, with a next step."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.identified import OPEN, SECRET, SERVICE
from tests.config.sample import problems

_MAKE = "make one with: openssl rand -hex 32"
_PASSWORD = "write the one that the server asks for, or remove it if that asks for none"
_NAMES = "use letters, digits and signs of ASCII, without blanks and commas"


@pytest.mark.parametrize(
    ("text", "column", "message", "hint"),
    [
        ("authorization: {roles: {a: [x]}}", 29, "'x' is not a permission", "write resource:action, resource:* or *"),
        ("authorization: {policies: {p: f}}", 31, "'f' names no function", "write package.module:function"),
        ("tenants: {table: {}}", 11, "no tenant is listed", "list at least one, or remove it"),
        ("tenants: {table: {'a b': {}}}", 19, "'a b' cannot be a tenant", _NAMES),
        (
            "tenants: {table: {a: {hosts: [x.org]}, b: {hosts: [X.org]}}}",
            52,
            "'X.org' belongs to the tenant 'a' already",
            "give it to one of them",
        ),
        ("tenants: {table: {a: {routes: [b]}}}", 32, "there is no route 'b'", "known routes: r"),
        ("tenants: {foreign: 401}", 20, "'foreign' cannot be '401'", "write one of 404 or 403"),
        ("identity_headers: {proof: {secret: short}}", 28, "a secret for proofs needs 32 bytes or more", _MAKE),
        (
            f"identity_headers: {{proof: {{secret: {SECRET}, life: 3s}}}}",
            71,
            "'life' works with the kind 'jwt' only",
            "remove it, or write 'kind: jwt'",
        ),
        (
            f"identity_headers: {{proof: {{kind: jwt, algorithm: HS512, secret: {SECRET}}}}}",
            57,
            "a secret for HS512 has at least 64 bytes, this one has 33",
            "make one with: openssl rand -hex 64",
        ),
        ("identity_headers: {user: X-Tenant-Id}", 26, "'X-Tenant-Id' cannot tell this", "it has the caller's tenant"),
        (
            "identity_headers: {user: Host}",
            26,
            "'Host' cannot tell this",
            "use the key 'host' of the service: preserve, target or a literal host",
        ),
        (
            "identity_headers: {roles: x-gateway-proof}",
            27,
            "'x-gateway-proof' cannot tell this",
            "it carries the proof",
        ),
        ("identity_headers: {roles: 'a b'}", 29, "'a b' is not a header name", "use letters, digits and '-'"),
        (
            "identity_headers: {roles: 1}",
            27,
            "'1' is not a header name",
            "write one such as X-Tenant-Id, or off",
        ),
        (
            "guarded_headers: {add: ['*']}",
            25,
            "'*' is neither a header name nor a prefix",
            "write X-Name, or X-Prefix-* for all of those",
        ),
        (
            "guarded_headers: {allow: [X-Tenant-Id]}",
            27,
            "'X-Tenant-Id' tells services who is calling",
            "keep it guarded, or choose another in 'identity_headers'",
        ),
        ("guarded_headers: {allow: [x-venue]}", 27, "'x-venue' is not guarded by itself", "did you mean 'x-venue-id'?"),
        (
            "cors: {credentials: true, origins: ['https://a', '*']}",
            50,
            "'*' with 'credentials' would let every page act as its visitor",
            "name the origins, or remove 'credentials'",
        ),
        ("cors: {max_age: 1m}", 1, "no origin is named", "add 'origins', such as [https://app.example.org]"),
        ("cors: {origins: []}", 1, "no origin is named", "add 'origins', such as [https://app.example.org]"),
        (
            "cors: {origins: ['https://a.org/']}",
            18,
            "'https://a.org/' is not an origin that can be named here",
            "write scheme://host or scheme://host:port in lower case, no path",
        ),
        (
            "cors: {origins: ['*'], headers: ['a b']}",
            34,
            "'a b' is not a header name",
            "write one such as Content-Type, or *",
        ),
        (
            "security_headers: {hsts_subdomains: true}",
            20,
            "HSTS needs an age to cover subdomains or to be preloaded",
            "add 'hsts: 365d'",
        ),
        (
            "security_headers: {hsts: 1d, hsts_preload: true}",
            30,
            "browsers preload HSTS only with subdomains and for a year (31536000 s) or more",
            "add 'hsts: 365d' and 'hsts_subdomains: true'",
        ),
        (
            "security_headers: {referrer_policy: never}",
            20,
            "a referrer policy is made of the tokens of the standard, such as same-origin",
            "write one such as strict-origin-when-cross-origin",
        ),
        (
            "security_headers: {content_security_policy: ''}",
            20,
            "a content security policy is one line of ASCII",
            "write one line",
        ),
        ("security_headers: no", 1, "'security_headers' must be a mapping", "write its keys below it, indented"),
        (
            "listeners: [{proxy_protocol: v1}]",
            14,
            "anybody could claim any address",
            "add 'proxy_protocol_from', such as [10.0.0.0/24]",
        ),
        (
            "listeners: [{proxy_protocol_from: [unix]}]",
            14,
            "without 'proxy_protocol' this does nothing",
            "remove it, or add 'proxy_protocol: any'",
        ),
        (
            "listeners: [{network: {allow: [10.0.0.1/8]}}]",
            32,
            "'10.0.0.1/8' has bits set after its prefix",
            "write 10.0.0.0/8, or the address alone for one peer",
        ),
        (
            "redis: {address: 'redis://:hush@h/0'}",
            18,
            "this is a URL, which would show a password",
            "write host:port, and 'password_file' beside",
        ),
        ("redis: {address: 1}", 18, "must be an address", "write it as 127.0.0.1:6379, or unix:/path"),
        (
            "redis: {address: 'h:0'}",
            18,
            "'h:0' has port 0",
            "name the port the server listens on, or leave it out for 6379",
        ),
        ("redis: {password: ''}", 9, "the password is empty", _PASSWORD),
        ("redis: {sentinel: {master: m, addresses: [h], password: ''}}", 47, "the password is empty", _PASSWORD),
        (
            "authentication: {introspection: {url: 'https://i', client_id: a, client_secret: ''}}",
            66,
            "the secret is empty",
            "write the one that belongs to 'client_id'",
        ),
        ("redis: {username: a}", 19, "a username without a password proves nothing", "add 'password_file'"),
        ("redis: {address: 'unix:/r', tls: {}}", 29, "a unix socket has no TLS", "remove it"),
        (
            "redis: {address: h, sentinel: {master: m, addresses: [h]}}",
            9,
            "'sentinel' and 'address' exclude each other",
            "keep 'sentinel' alone",
        ),
        ("redis: {sentinel: {master: m, addresses: []}}", 42, "'addresses' is empty", "write at least one"),
        (
            "redis: {prefix: '{x}'}",
            17,
            "'{x}' cannot begin a key",
            "use letters, digits, ':', '.', '_' and '-', at most 64",
        ),
    ],
)
def test_other_sections(tmp_path: Path, text: str, column: int, message: str, hint: str) -> None:
    """Each fault is told once, at its place, and no secret with it."""
    (problem,) = problems(tmp_path, text + "\n" + SERVICE + OPEN)
    assert (problem.line, problem.column, problem.message, problem.hint) == (1, column, message, hint)
    assert not any(secret in str(problem) for secret in (SECRET, "hush"))
