"""What the access log says of a request, and of which requests it says something."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from twisted.internet.address import IPv4Address

from gatewayd.core.redaction import MASK
from gatewayd.pipeline.record import Sampling
from tests.pipeline.callers import Gate, bearer, configured
from tests.pipeline.world import SERVICE, World, get, ok

JWT = b"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl"


def world(folder: Path, more: str = "", routes: str = '{name: all, path: "/**", service: main}') -> World:
    """A gateway with these lines in its configuration."""
    return World(folder, f"{SERVICE}\n{more}\nroutes:\n  - {routes}\n", draw=0.0)


def served(made: World, request: bytes, answer: bytes | None = None, seconds: float = 0.0) -> None:
    """A request that a service answers after a while."""
    _, service = made.ask(request)
    made.pass_time(seconds)
    service.send(ok() if answer is None else answer)


def test_a_line(tmp_path: Path) -> None:
    """Everything that one needs to find, count and explain a request, in one order; times are in RFC 3339."""
    made = world(tmp_path)
    served(made, get(b"/a/b?c=d"), seconds=0.25)
    record = made.record
    assert len(record.pop("request_id")) == 32
    assert list(record.items()) == [
        ("time", "1994-11-06T08:49:37.250Z"),
        ("client", "192.0.2.7"),
        ("method", "GET"),
        ("host", "a.test"),
        ("route", "/**"),
        ("path", "/a/b"),
        ("protocol", "HTTP/1.1"),
        ("status", 200),
        ("reason", None),
        ("tenant", None),
        ("user", None),
        ("fallback", None),
        ("service", "main"),
        ("target", "http://127.0.0.1:9005"),
        ("attempts", 1),
        ("bytes_in", 0),
        ("bytes_out", record["bytes_out"]),
        ("duration", 0.25),
        ("upstream_time", 0.25),
        ("overhead", 0.0),
    ]


def test_what_was_no_request(tmp_path: Path) -> None:
    """Bytes that cannot be read have a line with the reason, and nothing that they do not have."""
    made = world(tmp_path, "access_log: {query: true, headers: {request: [Referer], response: [Server]}}")
    made.client().send(b"nonsense\r\n\r\n")
    record = made.record
    assert (record["status"], record["reason"], record["route"]) == (400, "malformed-request-line", "_unmatched")
    assert [record[name] for name in ("method", "host", "path", "protocol")] == [None] * 4
    assert record["request_headers"] == record["response_headers"] == {}


def test_who_asked(tmp_path: Path) -> None:
    """The caller's tenant and subject; the client's address is what a believed proxy says, and a stranger's own."""
    gate = Gate(tmp_path, configured("path: '/**', service: main", more="gateway: {trusted_proxies: [10.0.0.0/8]}"))
    assert gate.call(bearer()) == "served"
    assert (gate.record["tenant"], gate.record["user"], gate.record["client"]) == ("acme", "ada", "192.0.2.7")
    for peer, client in (("10.0.0.1", "192.0.2.99"), ("192.0.2.66", "192.0.2.66")):
        gate.records.clear()
        wire = gate.client(IPv4Address("TCP", peer, 4000))
        wire.send(get(b"/", bearer(), b"X-Forwarded-For: 192.0.2.99\r\n"))
        gate.outcome(wire)
        assert gate.record["client"] == client


def test_chosen_headers(tmp_path: Path) -> None:
    """Those that are there, as the client and the service sent them; credentials and what looks like one are masked."""
    headers = "headers: {request: [User-Agent, Referer, Authorization, X-Many], response: [Content-Type, Set-Cookie]}"
    made = world(tmp_path, f"access_log: {{{headers}}}")
    request = get(
        b"/",
        b"User-Agent: curl/8\r\n",
        b"Referer: https://x.test/?token=abcdef&page=2\r\n",
        b"Authorization: Bearer abcdef\r\n",
        b"X-Many: a\r\n",
        b"X-Many: " + JWT + b"\r\n",
        b"Cookie: a=b\r\n",
    )
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nSet-Cookie: s=1\r\nContent-Length: 0\r\n\r\n"
    for _ in range(2):
        made.records.clear()
        served(made, request, answer)
        assert made.record["request_headers"] == {
            "user-agent": "curl/8",
            "referer": f"https://x.test/?token={MASK}&page=2",
            "authorization": MASK,
            "x-many": f"a, {MASK}",
        }
        assert made.record["response_headers"] == {"content-type": "text/plain", "set-cookie": MASK}


def test_queries(tmp_path: Path) -> None:
    """Off unless asked for; then with the values of secret parameters masked, the configured ones among them."""
    made = world(tmp_path, "access_log: {query: true}\nlog: {redact: [pin]}")
    served(made, get(b"/a?page=2&pin=1234&token=abc"))
    assert made.record["query"] == f"page=2&pin={MASK}&token={MASK}"
    made.records.clear()
    served(made, get(b"/a"))
    assert made.record["query"] is None


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (b"/reset/abcdef", f"/reset/{MASK}"),
        (b"/other/" + JWT, f"/other/{MASK}"),
        (b"/other/page", "/other/page"),
    ],
)
def test_secrets_in_paths(tmp_path: Path, path: bytes, shown: str) -> None:
    """A parameter whose name is secret is masked, and a token wherever it stands."""
    routes = "{path: '/reset/{pin}', service: main}\n  - {path: '/**', service: main}"
    made = world(tmp_path, "log: {redact: [pin]}", routes)
    served(made, get(path))
    assert made.record["path"] == shown


def asked(made: World, count: int, path: bytes = b"/") -> list[float | None]:
    """The shares that the lines of so many requests say."""
    made.records.clear()
    for _ in range(count):
        served(made, get(path))
    return [record.get("sample") for record in made.records]


def test_a_share_of_requests(tmp_path: Path) -> None:
    """About as many as are to be, each with the share it stands for."""
    shares = asked(world(tmp_path, "access_log: {sample: 25%}"), 400)
    assert set(shares) == {0.25}
    assert 60 < len(shares) < 140


def test_none_and_a_route_of_its_own(tmp_path: Path) -> None:
    """A route's share comes before the common one."""
    routes = "{path: /all, service: main, access_log: {sample: 100%}}\n  - {path: '/**', service: main}"
    made = world(tmp_path, "access_log: {sample: 0%}", routes)
    assert asked(made, 20) == []
    assert asked(made, 20, b"/all") == [None] * 20


def test_a_tenant_of_its_own(tmp_path: Path) -> None:
    """A tenant's share comes before its route's."""
    table = "tenants: {table: {acme: {access_log: {sample: 100%}}, rival: {}}}"
    gate = Gate(
        tmp_path,
        configured("path: '/**', service: main, access_log: {sample: 0%}, auth: {mode: required}", more=table),
    )
    assert gate.call(bearer()) == "served"
    assert (len(gate.records), "sample" in gate.record) == (1, False)


@pytest.mark.parametrize("status", [500, 503])
def test_errors_are_always_recorded(tmp_path: Path, status: int) -> None:
    """Whatever the share."""
    made = world(tmp_path, "access_log: {sample: 0%}")
    served(made, get(b"/"), b"HTTP/1.1 %d x\r\nContent-Length: 0\r\n\r\n" % status)
    assert made.record["status"] == status
    assert "sample" not in made.record


@pytest.mark.parametrize(("slow", "seconds", "lines"), [("1s", 0.75, 0), ("1s", 1.0, 1), ("off", 5.0, 0)])
def test_slow_requests(tmp_path: Path, slow: str, seconds: float, lines: int) -> None:
    """From the time on that counts as slow; never where that is off."""
    made = world(tmp_path, f"access_log: {{sample: 0%, slow: {slow}}}")
    served(made, get(b"/"), seconds=seconds)
    assert len(made.records) == lines


def test_refusals_and_aborts(tmp_path: Path) -> None:
    """What is refused for security's sake, and clients that go away, are always recorded; a plain 404 is sampled."""
    gate = Gate(tmp_path, configured("path: '/in/**', service: main", more="access_log: {sample: 0%}"))
    gate.call(path=b"/in/a")
    gate.call(path=b"/nowhere")
    client = gate.begin(bearer(), path=b"/in/a")
    client.hang_up()
    assert [record["reason"] for record in gate.records] == ["unauthenticated", "client-closed"]


def test_the_same_request_is_chosen_everywhere(tmp_path: Path) -> None:
    """Two gateways that a trace passes record it both, or neither: by the id that a believed proxy gave it."""
    trusted = "gateway: {trusted_proxies: [192.0.2.7]}\naccess_log: {sample: 50%}"
    chosen = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        made = world(folder, trusted)
        for number in range(50):
            served(made, get(b"/", b"X-Request-Id: trace-%d\r\n" % number))
        chosen.append([record["request_id"] for record in made.records])
    assert chosen[0] == chosen[1]
    assert 10 < len(chosen[0]) < 40


def test_sampled_out_is_not_made(tmp_path: Path) -> None:
    """A request that is left out has nothing looked up for a line of it."""
    sampling = Sampling(0.0)
    assert json.dumps(sampling.share_of(_Plain(), 0.0)) == "0.0"  # type: ignore[arg-type]


class _Plain:
    """All that is looked at of a request that is left out."""

    route = None
    tenant = b""
    status = 200
    reason = None
    request_id = b"r1"
