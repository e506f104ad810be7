"""Heads, targets and bodies that are too large; the limits are those `tests.wire.world` configures."""

from __future__ import annotations

from .cases import EVIL, HOST, LAST, MARK, Refusal, chunk, chunked, post, request

BODY_LIMIT = 65536  # bytes
HEAD_LIMIT = 16384
FIELDS_LIMIT = 100
TARGET_LIMIT = 8192

_HEAD = "RFC 6585 5: 431 for fields that are too large"
_TARGET = "RFC 9110 15.5.15: 414"
_BODY = "RFC 9110 15.5.14: 413, and the rest is not read as requests"

REFUSALS = (
    Refusal("size-field", _HEAD, request(b"X-A: " + b"b" * 20000), (431,)),
    Refusal("size-field-1m", _HEAD, request(b"X-A: " + b"b" * (1 << 20)), (431,)),
    Refusal("size-name", _HEAD, request(b"X" * 20000 + b": b"), (431, 400)),
    Refusal("size-fields", _HEAD, request(*(b"X-%d: %b" % (n, b"b" * 300) for n in range(60))), (431,)),
    Refusal("size-count", _HEAD, request(*[b"A: b"] * (FIELDS_LIMIT + 1)), (431,)),
    Refusal("size-count-2000", _HEAD, request(*[b"A:"] * 2000), (431,)),
    Refusal("size-count-10000", _HEAD, request(*[b"A:"] * 10000), (431,)),
    Refusal("size-cookie", _HEAD, request(b"Cookie: " + b"a=b; " * 5000), (431,)),
    Refusal(
        "size-endless-value", _HEAD, b"GET /" + MARK + b" HTTP/1.1\r\n" + HOST + b"\r\nX: " + b"a" * 40000, (431,), b""
    ),
    Refusal(
        "size-endless-name", _HEAD, b"GET /" + MARK + b" HTTP/1.1\r\n" + HOST + b"\r\n" + b"a" * 40000, (431, 400), b""
    ),
    Refusal("size-endless-fields", _HEAD, b"GET /" + MARK + b" HTTP/1.1\r\n" + b"A: b\r\n" * 8000, (431, 400), b""),
    Refusal("size-endless-method", _HEAD, b"G" * 40000, (400, 414, 431, 501), b""),
    Refusal("size-endless-target", _TARGET, b"GET /" + b"a" * 40000, (414, 431), b""),
    Refusal("size-target", _TARGET, request(target=b"/" + MARK + b"/" + b"a" * TARGET_LIMIT), (414,)),
    Refusal("size-query", _TARGET, request(target=b"/" + MARK + b"?" + b"a" * TARGET_LIMIT), (414,)),
    Refusal("size-target-40000", _TARGET, request(target=b"/" + MARK + b"/" + b"a" * 40000), (414, 431)),
    Refusal(
        "size-target-absolute", _TARGET, request(target=b"http://gw.test/" + MARK + b"/" + b"a" * TARGET_LIMIT), (414,)
    ),
    Refusal("size-body", _BODY, post(b"Content-Length: %d" % (BODY_LIMIT + 1)), (413,)),
    Refusal("size-body-sent", _BODY, post(b"Content-Length: %d" % (BODY_LIMIT + 1), body=EVIL * 5000), (413,)),
    Refusal("size-body-1t", _BODY, post(b"Content-Length: 1099511627776"), (413,)),
    Refusal("size-body-2^63-1", _BODY, post(b"Content-Length: 9223372036854775807"), (413, 400)),
    Refusal("size-body-get", _BODY, request(b"Content-Length: %d" % (BODY_LIMIT + 1)), (413,)),
    Refusal("size-body-expect", _BODY, post(b"Content-Length: 1099511627776", b"Expect: 100-continue"), (413, 417)),
    Refusal("size-chunk", _BODY, chunked(chunk(b"a" * (BODY_LIMIT + 1)) + LAST), (413,), in_body=True),
    Refusal("size-chunk-1t", _BODY, chunked(b"10000000000\r\n" + b"a" * (BODY_LIMIT * 2)), (413,), in_body=True),
    Refusal("size-chunks", _BODY, chunked(chunk(b"a" * 1000) * 70 + LAST), (413,), in_body=True),
    Refusal("size-chunks-after", _BODY, chunked(chunk(b"a" * BODY_LIMIT) + chunk(EVIL) + LAST), (413,), in_body=True),
)
