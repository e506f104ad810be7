"""Field lines: what RFC 9110 section 5 allows, what each line means, and what the table keeps of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.messages import Role
from gatewayd.core.reasons import AMBIGUOUS_FRAMING, MALFORMED_FIELD, MALFORMED_HOST, Reason, Refused
from gatewayd.http import fieldtable
from gatewayd.http.fieldtable import REQUEST_ROLES, RESPONSE_ROLES, FieldTable

from . import strategies

SECRETS = (
    b"Authorization: Bearer s3cret",
    b"Cookie: session=s3cret",
    b"Set-Cookie: session=s3cret",
    b"Proxy-Authorization: Basic s3cret",
    b"X-Api-Key: s3cret",
    b"X-Csrf-Token: s3cret",
    b"X-Request-Id: s3cret",
    b"Sec-WebSocket-Key: s3cret",
    b"Www-Authenticate: s3cret",
    b"Location: /?token=s3cret",
    b"Referer: http://a/?token=s3cret",
    b"If-None-Match: s3cret",
    b"ETag: s3cret",
)


def requests() -> FieldTable:
    """A table as requests have it."""
    return FieldTable(REQUEST_ROLES)


@pytest.mark.parametrize(
    ("line", "name", "value", "forwarded"),
    [
        (b"A:b", b"a", b"b", b"A: b\r\n"),
        (b"A: b", b"a", b"b", b"A: b\r\n"),
        (b"A:\t \tb\t ", b"a", b"b", b"A: b\r\n"),
        (b"A:", b"a", b"", b"A: \r\n"),
        (b"A: \t", b"a", b"", b"A: \r\n"),
        (b"A::", b"a", b":", b"A: :\r\n"),
        (b"A: b\tc  d", b"a", b"b\tc  d", b"A: b\tc  d\r\n"),
        (b"x-ODD!#$%&'*+.^_`|~9: 1", b"x-odd!#$%&'*+.^_`|~9", b"1", b"x-ODD!#$%&'*+.^_`|~9: 1\r\n"),
        (b"A: \x80\xff\xc3\xa4", b"a", b"\x80\xff\xc3\xa4", b"A: \x80\xff\xc3\xa4\r\n"),
        (b'A: "b:c", d=";"', b"a", b'"b:c", d=";"', b'A: "b:c", d=";"\r\n'),
    ],
)
def test_lines(line: bytes, name: bytes, value: bytes, forwarded: bytes) -> None:
    """A legal line is kept byte for byte but for the whitespace around its value."""
    field = requests().judge(line)
    assert (field.name, field.value, field.line, field.role) == (name, value, forwarded, Role.END_TO_END)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"A",
        b":b",
        b": b",
        b" A: b",
        b"\tA: b",
        b"A : b",
        b"A\t: b",
        b"A B: c",
        b"A(: b",
        b"A\x00: b",
        b"A\x80: b",
        b'"A": b',
        b"A/b: c",
        b"[A]: b",
        *(b"A: b%bc" % bytes((code,)) for code in (*range(9), *range(10, 32), 127)),
        b"A: b\r",
        b"A: b\n",
        b"\rA: b",
    ],
)
def test_malformed_lines(line: bytes) -> None:
    """Whitespace at the name, other characters than a token's, and every control but HTAB in a value are refused."""
    for table in (requests(), FieldTable(RESPONSE_ROLES)):
        with pytest.raises(Refused) as caught:
            table.judge(line)
        assert caught.value.reason is MALFORMED_FIELD
        assert not table.known


@pytest.mark.parametrize(
    ("line", "role", "meaning"),
    [
        (b"Host: A.example:80", Role.HOST, b"a.example"),
        (b"HOST:[::1]", Role.HOST, b"[::1]"),
        (b"Content-Length: 0", Role.CONTENT_LENGTH, 0),
        (b"content-length:\t007 ", Role.CONTENT_LENGTH, 7),
        (b"Content-Length: 999999999999999999", Role.CONTENT_LENGTH, 10**18 - 1),
        (b"Connection: close", Role.CONNECTION, frozenset({b"close"})),
        (b"Connection: Close , X-A,,x-b,", Role.CONNECTION, frozenset({b"close", b"x-a", b"x-b"})),
        (b"Connection:", Role.CONNECTION, frozenset()),
        (b"Transfer-Encoding: Chunked", Role.TRANSFER_ENCODING, None),
        (b"Expect: 100-continue", Role.EXPECT, None),
        (b"Upgrade: websocket", Role.UPGRADE, None),
        (b"X-Request-Id: 1", Role.REQUEST_ID, None),
        *((name + b": x", Role.FORWARDING, None) for name in (b"Forwarded", b"X-Forwarded-For", b"x-real-ip")),
        (b"X-Request-Timeout: 250ms", Role.TIMEOUT, 0.25),
        (b"Grpc-Timeout: 2S", Role.TIMEOUT, 2.0),
        *((name + b": 1M2", Role.TIMEOUT, None) for name in (b"x-request-timeout", b"grpc-timeout")),
        (b"Grpc-Timeout: 2", Role.TIMEOUT, None),
        (b"X-Request-Timeout: 2S", Role.TIMEOUT, None),
        (b"X_Request_Timeout: 2", Role.DROPPED, None),
        *((name + b": x", Role.DROPPED, None) for name in (b"Keep-Alive", b"TE", b"Proxy-Connection")),
        *((name + b": x", Role.DROPPED, None) for name in (b"Proxy-Authorization", b"HTTP2-Settings")),
        *(
            (name + b": x", Role.DROPPED, None)
            for name in (b"Content_Length", b"transfer_encoding", b"X_Forwarded-For")
        ),
        *((name + b": x", Role.END_TO_END, None) for name in (b"x_other", b"Via", b"Trailer", b"Authorization")),
    ],
)
def test_roles(line: bytes, role: Role, meaning: object) -> None:
    """What a line means to an intermediary is worked out once; guarded names spelt with "_" are dropped."""
    field = requests().judge(line)
    assert (field.role, field.meaning) == (role, meaning)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        *(
            (b"Content-Length: " + value, AMBIGUOUS_FRAMING)
            for value in (b"", b"+1", b"-1", b"1 1", b"1,1", b"0x1", b"1.0", b"1e1", b"a", b"\xb9", b"1" * 19, b"1_0")
        ),
        *((b"Connection: " + value, MALFORMED_FIELD) for value in (b"a b", b'"close"', b"close;q=1", b"\xff")),
        *((b"Host: " + value, MALFORMED_HOST) for value in (b"", b"a b", b"a,b", b"http://a", b"a:0", b"\xff")),
    ],
)
def test_meaningless_values(line: bytes, reason: Reason) -> None:
    """Numbers, hosts and lists of names that are none are refused, and not kept."""
    table = requests()
    with pytest.raises(Refused) as caught:
        table.judge(line)
    assert caught.value.reason is reason
    assert not table.known


def test_answers_have_roles_of_their_own() -> None:
    """In answers nothing guards the fields that only requests have, and Date is noted."""
    table = FieldTable(RESPONSE_ROLES)
    for line in (b"Host: a b", b"Expect: x", b"X-Forwarded-For: 1", b"Forwarded: x", b"X-Request-Timeout: 1"):
        assert table.judge(line).role is Role.END_TO_END
    assert table.judge(b"Date: x").role is Role.DATE
    assert table.judge(b"Content_Length: 1").role is Role.DROPPED


@pytest.mark.parametrize("line", SECRETS)
def test_secrets_are_not_kept(line: bytes) -> None:
    """Credentials, cookies, tokens and ids leave no trace in the table."""
    for table in (requests(), FieldTable(RESPONSE_ROLES)):
        for spelling in (line, line.lower(), line.upper()):
            table.judge(spelling)
        assert not table.known


def test_no_name_that_may_be_secret_repeats() -> None:
    """Names that speak of keys, tokens, cookies, credentials or ids are not among those that are kept."""
    for name in fieldtable._REPEATING - {b"access-control-allow-credentials"}:
        assert not any(
            word in name for word in (b"auth", b"cookie", b"token", b"key", b"-id", b"credential", b"location")
        )
        assert name not in (b"etag", b"referer", b"if-none-match")


def test_representation() -> None:
    """A field shows its name only."""
    assert repr(requests().judge(b"Authorization: s3cret")) == "<Field authorization>"


def test_bounded() -> None:
    """The table holds at most 4,096 lines, none of them longer than 256 bytes."""
    table = requests()
    for number in range(10_000):
        table.judge(b"Accept: %d" % number)
        assert len(table.known) <= 4096
    before = len(table.known)
    table.judge(b"Accept: " + b"a" * 248)
    assert len(table.known) == before + 1
    table.judge(b"Accept: " + b"a" * 249)
    assert len(table.known) == before + 1


def verdict(table: FieldTable, line: bytes, *, memo: bool) -> object:
    """What becomes of a line, with the help of the table or without."""
    try:
        field = (memo and table.get(line)) or table.judge(line)
    except Refused as refused:
        return refused.reason
    return field.name, field.value, field.line, field.role, field.meaning


@given(lines=st.lists(strategies.damaged(strategies.field_lines), max_size=8))
def test_memory_changes_no_verdict(lines: list[bytes]) -> None:
    """A line is judged the same the first time, the second time, and by a table that never saw another."""
    table = requests()
    for line in lines * 2:
        assert verdict(table, line, memo=True) == verdict(requests(), line, memo=False)


@given(
    lines=st.lists(st.sampled_from([b"accept: A", b"Accept: a", b"accept: a", b"accept:a", b"accept:  a"]), max_size=8)
)
def test_similar_lines_are_different(lines: list[bytes]) -> None:
    """Lines that differ in a single byte are told apart, in name and in value."""
    table = requests()
    for line in lines:
        field = table.get(line) or table.judge(line)
        assert field.line == line.partition(b":")[0] + b": " + line.partition(b":")[2].strip() + b"\r\n"
