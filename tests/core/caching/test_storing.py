"""Whether answers are kept, and what is kept of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gatewayd.core.caching import Entry, Outcome, Pass, Policy, Scope, Store, Update, on_response
from tests.core.caching.world import EARLIER, LATER, NOW, PUBLIC, answer, asked, entry

TENANT, USER = replace(PUBLIC, scope=Scope.TENANT), replace(PUBLIC, scope=Scope.USER)
KEPT = "Cache-Control: max-age=60"


def outcome(
    *lines: str, request: tuple[str, ...] = (), status: int = 200, policy: Policy = PUBLIC, method: str = "GET"
) -> Outcome:
    """What becomes of an answer with these lines."""
    return on_response(asked(*request, method=method, policy=policy), answer(*lines, status=status), NOW, NOW, policy)


def stored(*lines: str, status: int = 200, policy: Policy = PUBLIC, took: float = 0.0) -> Entry:
    """The entry of an answer with these lines, that took some seconds to come."""
    found = on_response(asked(policy=policy), answer(*lines, status=status), NOW - took, NOW, policy)
    assert isinstance(found, Store), found
    return found.entry


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([], "silent"),
        ([f"Last-Modified: {EARLIER}", 'ETag: "a"'], "silent"),
        (["Cache-Control: public"], "silent"),
        (["Cache-Control: no-store"], "no-store"),
        (["Cache-Control: max-age=60, no-store"], "no-store"),
        (["Cache-Control: private, max-age=60"], "private"),
        (["Cache-Control: max-age=0"], "useless"),
        (["Cache-Control: max-age=60", "Age: 60"], "useless"),
        (["Cache-Control: max-age=60, no-cache"], "useless"),
        (["Cache-Control: no-cache", "ETag: unquoted"], "useless"),
        (["Expires: 0"], "useless"),
        ([f"Expires: {EARLIER}"], "useless"),
        ([f"Expires: {LATER}", f"Expires: {LATER}"], "useless"),
        ([KEPT, "Set-Cookie: a=b"], "set-cookie"),
        ([KEPT, "Vary: *"], "vary"),
        ([KEPT, "Cache-Tag: " + ",".join(map(str, range(129)))], "tags"),
        ([KEPT, "Surrogate-Key: " + "x" * 257], "tags"),
    ],
)
def test_not_kept(lines: list[str], reason: str) -> None:
    """What a service does not want kept is not, nor what nobody could use."""
    assert outcome(*lines) == Pass(reason)


@pytest.mark.parametrize("status", [206, 304])
def test_parts_are_not_kept(status: int) -> None:
    """Parts of an answer, and that a client's own copy is good, are nothing for others."""
    assert outcome(KEPT, status=status) == Pass("partial")


@pytest.mark.parametrize("method", ["HEAD", "POST", "OPTIONS"])
def test_only_get(method: str) -> None:
    """Only what GET was answered is kept."""
    assert outcome(KEPT, method=method) == Pass("method")


def test_clients_that_want_nothing_kept() -> None:
    """A client may ask for its answer not to be kept, where the route listens."""
    assert outcome(KEPT, request=("Cache-Control: no-store",)) == Pass("client")
    deaf = replace(PUBLIC, ignore_client=True)
    assert isinstance(outcome(KEPT, request=("Cache-Control: no-store",), policy=deaf), Store)


@pytest.mark.parametrize(
    ("status", "directives", "kept"),
    [
        (200, "max-age=60, no-store, must-understand", True),
        (599, "max-age=60, no-store, must-understand", False),
        (599, "max-age=60, must-understand", False),
        (599, "max-age=60", True),
        (503, "max-age=60", True),
    ],
)
def test_must_understand(status: int, directives: str, kept: bool) -> None:
    """`must-understand` takes the place of `no-store` for statuses that are known, and forbids the others."""
    assert isinstance(outcome(f"Cache-Control: {directives}", status=status), Store) is kept


@pytest.mark.parametrize(
    ("directives", "kept"),
    [
        ("max-age=60", False),
        ("max-age=60, proxy-revalidate", False),
        ("max-age=60, public", True),
        ("max-age=60, must-revalidate", True),
        ("s-maxage=60", True),
    ],
)
def test_credentials(directives: str, kept: bool) -> None:
    """In public, what answers a request with credentials is kept only if the service says so (RFC 9111 section 3.5)."""
    line = f"Cache-Control: {directives}"
    assert isinstance(outcome(line, request=("Authorization: Bearer x",)), Store) is kept
    known = on_response(asked(known=True), answer(line), NOW, NOW, PUBLIC)
    assert isinstance(known, Store) is kept
    if not kept:
        assert known == Pass("authorization")
    for policy in (TENANT, USER):
        assert isinstance(outcome(line, request=("Authorization: Bearer x",), policy=policy), Store)


def test_private() -> None:
    """What is for one user is kept for one user."""
    line = "Cache-Control: private, max-age=60"
    assert outcome(line, policy=TENANT) == Pass("private")
    assert isinstance(outcome(line, policy=USER), Store)


def test_cookies() -> None:
    """Nothing that sets a cookie is kept, unless the cookie may be left out, or the route says that all may have it."""
    assert outcome(KEPT, "Set-Cookie: a=b", policy=USER) == Pass("set-cookie")
    without = outcome('Cache-Control: max-age=60, no-cache="Set-Cookie"', "Set-Cookie: a=b", "X: 1")
    assert isinstance(without, Store)
    assert [field.name for field in without.entry.head.section.fields] == [b"date", b"cache-control", b"x"]
    everybody = outcome(KEPT, "Set-Cookie: a=b", policy=replace(PUBLIC, cookies=True))
    assert isinstance(everybody, Store)
    assert b"Set-Cookie: a=b\r\n" in everybody.entry.head.section.lines


def test_proven() -> None:
    """What is not to be used without asking is kept to be asked about."""
    kept = stored("Cache-Control: max-age=60, no-cache", 'ETag: "a"')
    assert kept.proven
    assert kept.fresh_until < NOW
    assert stored("Cache-Control: no-cache", 'ETag: "a"').proven


def test_fields() -> None:
    """Kept is what is for whoever asks; nothing of one connection, and nothing that is made anew each time."""
    kept = stored(
        KEPT,
        "Connection: a, close",
        "A: 1",
        "Keep-Alive: timeout=5",
        "Proxy-Authenticate: Basic",
        "Proxy-Connection: close",
        "TE: trailers",
        "Via: 1.1 other",
        "Age: 1",
        "Content-Length: 10",
        "B: 2",
        "Content-Type: text/plain",
    )
    section = kept.head.section
    assert [field.name for field in section.fields] == [b"date", b"cache-control", b"b", b"content-type"]
    assert section.lines == b"Cache-Control: max-age=60\r\nB: 2\r\nContent-Type: text/plain\r\n"
    assert kept.head.line == b"HTTP/1.1 200 Said\r\n"


def test_complete() -> None:
    """An entry with its body knows how long it is, and about what it takes."""
    kept = stored(KEPT, "Cache-Tag: abc, d")
    kept.complete(b"x" * 1000)
    assert kept.head.section.length == 1000
    assert 1000 < kept.size < 4000
    assert kept.tags == (b"abc", b"d")
    assert repr(kept) == "<Entry 200, 1000 bytes, fresh until 1700000060>"
    assert kept.ends() == NOW + 60
    assert stored(KEPT, 'ETag: "a"').ends() == float("inf")


def test_freshened() -> None:
    """A 304 renews what is kept: its fields count, those of the body aside."""
    kept = entry(KEPT, 'ETag: "a"', "A: 1", "B: 1", "B: 2", "Content-Encoding: gzip")
    answered = answer(
        "Cache-Control: max-age=90", 'ETag: "a"', "B: 3", "Content-Encoding: br", "Content-Length: 5", status=304
    )
    update = on_response(asked(), answered, NOW + 70, NOW + 70, PUBLIC, kept)
    assert isinstance(update, Update)
    assert update.keep
    renewed = update.entry
    assert renewed.fresh_until == NOW + 90  # its Date is 70 seconds old
    assert (renewed.head.status, renewed.body, renewed.head.section.length) == (200, b"0123456789", 10)
    lines = renewed.head.section.lines
    assert lines == b'A: 1\r\nContent-Encoding: gzip\r\nCache-Control: max-age=90\r\nETag: "a"\r\nB: 3\r\n'
    assert kept.head.section.lines != lines


def test_freshened_by_head() -> None:
    """HEAD with the entry's validators renews it too; without them its answer is not kept."""
    kept = entry(KEPT, 'ETag: "a"')
    update = on_response(asked(method="HEAD"), answer(KEPT, status=304), NOW, NOW, PUBLIC, kept)
    assert isinstance(update, Update)
    assert update.keep
    gone = on_response(asked(method="HEAD"), answer(KEPT, 'ETag: "b"'), NOW, NOW, PUBLIC, kept)
    assert gone == Pass("method", outdated=True)


def test_freshened_without_a_date() -> None:
    """A 304 that does not say when it was sent was sent when it came."""
    kept = entry(KEPT, 'ETag: "a"')
    update = on_response(asked(), answer(KEPT, status=304, dated=False), NOW + 70, NOW + 70, PUBLIC, kept)
    assert isinstance(update, Update)
    assert update.entry.fresh_until == NOW + 130
    assert update.entry.head.section.date == b"Date: Tue, 14 Nov 2023 22:14:30 GMT\r\n"


def test_freshened_for_the_last_time() -> None:
    """A 304 that forbids to keep it answers one request, and is used for no other."""
    kept = entry(KEPT, 'ETag: "a"')
    update = on_response(asked(), answer("Cache-Control: no-store", status=304), NOW, NOW, PUBLIC, kept)
    assert isinstance(update, Update)
    assert not update.keep
    assert (update.entry.body, update.entry.proven, update.entry.strict) == (kept.body, True, True)
    assert b"no-store" in update.entry.head.section.lines


@pytest.mark.parametrize(("lines", "tags"), [((), (b"red", b"hot")), (("Cache-Tag: blue",), (b"blue",))])
@pytest.mark.parametrize("send", [False, True])
def test_tags_stay(lines: tuple[str, ...], tags: tuple[bytes, ...], send: bool) -> None:
    """Tags stay when an answer is renewed, unless it has others now; they are sent only where that is wanted."""
    policy = replace(PUBLIC, send_tags=send)
    kept = entry(KEPT, 'ETag: "a"', "Surrogate-Key: red hot", "Surrogate-Control: max-age=9", policy=policy)
    assert kept.tags == (b"red", b"hot")
    assert (b"Surrogate" in kept.head.section.lines) is send
    update = on_response(asked(), answer(KEPT, *lines, status=304), NOW, NOW, policy, kept)
    assert isinstance(update, Update)
    assert set(tags) <= set(update.entry.tags)
    assert send or update.entry.tags == tags
    assert (b"Surrogate" in update.entry.head.section.lines) is send


@pytest.mark.parametrize(
    ("status", "lines", "said"),
    [
        (200, ["Cache-Control: no-store"], Pass("no-store", outdated=True)),
        (404, [], Pass("silent", outdated=True)),
        (500, [], Pass("silent", outdated=False)),
        (503, [], Pass("silent", outdated=False)),
    ],
)
def test_outdated(status: int, lines: list[str], said: Pass) -> None:
    """What was to be validated goes when there is something else now, but not because of an error."""
    assert on_response(asked(), answer(*lines, status=status), NOW, NOW, PUBLIC, entry(KEPT)) == said


def test_replaced() -> None:
    """A new answer instead of a 304 is kept like any other."""
    assert isinstance(on_response(asked(), answer(KEPT), NOW, NOW, PUBLIC, entry(KEPT)), Store)
