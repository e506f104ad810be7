"""Line ends, folds, control characters and names: what a head's bytes may not be (RFC 9112 sections 2.2 and 5)."""

from __future__ import annotations

from .cases import HOST, MARK, Refusal, request

_LF = "RFC 9112 2.2 lets a recipient take a bare LF; two programs then disagree, so the gateway does not"
_CR = "RFC 9112 2.2: a bare CR is invalid, or a space to some"
_FOLD = "RFC 9112 5.2: a server must refuse obs-fold in a request"
_NAME = "RFC 9110 5.1: a field name is a token"
_VALUE = "RFC 9110 5.5: no CR, LF, NUL, nor other control character in a value"
_START = b"GET /" + MARK + b" HTTP/1.1"

LINE_ENDS = (
    Refusal("lf-request-line", _LF, _START + b"\n" + HOST + b"\r\n\r\n"),
    Refusal("lf-host-line", _LF, _START + b"\r\n" + HOST + b"\nX-A: b\r\n\r\n"),
    Refusal("lf-field-line", _LF, _START + b"\r\n" + HOST + b"\r\nX-A: b\nX-B: c\r\n\r\n"),
    Refusal("lf-last-line", _LF, _START + b"\r\n" + HOST + b"\n\r\n"),
    Refusal("lf-end", _LF, _START + b"\r\n" + HOST + b"\r\n\n"),
    Refusal("lf-end-only", _LF, _START + b"\r\n" + HOST + b"\n\n"),
    Refusal("lf-all", _LF, _START + b"\n" + HOST + b"\n\n"),
    Refusal("lf-all-fields", _LF, _START + b"\n" + HOST + b"\nX-A: b\n\n"),
    Refusal("lf-in-value", _LF, request(b"X-A: b\nc")),
    Refusal("lf-in-name", _LF, request(b"X-A\nB: c")),
    Refusal("lf-before-colon", _LF, request(b"X-A\n: c")),
    Refusal("lf-after-colon", _LF, request(b"X-A:\nb")),
    Refusal("lf-in-method", _LF, b"G\nET /" + MARK + b" HTTP/1.1\r\n" + HOST + b"\r\n\r\n"),
    Refusal("lf-in-target", _LF, request(target=b"/" + MARK + b"\nx")),
    Refusal("lf-in-version", _LF, _START + b"\n\r\n" + HOST + b"\r\n\r\n"),
    Refusal("lf-leading", _LF, b"\n" + request()),
    Refusal("lf-cr", _LF, _START + b"\n\r" + HOST + b"\n\r\n\r"),
    Refusal("cr-request-line", _CR, _START + b"\r" + HOST + b"\r\n\r\n"),
    Refusal("cr-doubled-request-line", _CR, _START + b"\r\r\n" + HOST + b"\r\n\r\n"),
    Refusal("cr-before-version", _CR, request(target=b"/" + MARK + b"\r")),
    Refusal("cr-in-method", _CR, b"G\rET /" + MARK + b" HTTP/1.1\r\n" + HOST + b"\r\n\r\n"),
    Refusal("cr-in-target", _CR, request(target=b"/" + MARK + b"\rx")),
    Refusal("cr-in-value", _CR, request(b"X-A: b\rc")),
    Refusal("cr-before-value", _CR, request(b"X-A: \rb")),
    Refusal("cr-ends-value", _CR, request(b"X-A: b\r")),
    Refusal("cr-in-name", _CR, request(b"X-A\rB: c")),
    Refusal("cr-before-colon", _CR, request(b"X-A\r: c")),
    Refusal("cr-hides-host", _CR, request(b"X-A: b\rHost: evil.test")),
    Refusal("cr-doubled-end", _CR, _START + b"\r\n" + HOST + b"\r\n\r\r\n"),
    Refusal("cr-all", _CR, _START + b"\r" + HOST + b"\r\r"),
    Refusal("cr-leading", _CR, b"\r" + request()),
    Refusal("cr-host", _CR, request(host=b"Host: gw.test\revil.test")),
)

FOLDS = (
    Refusal("fold-space", _FOLD, request(b"X-A: b", b" c")),
    Refusal("fold-tab", _FOLD, request(b"X-A: b", b"\tc")),
    Refusal("fold-empty", _FOLD, request(b"X-A: b", b" ")),
    Refusal("fold-colon", _FOLD, request(b"X-A: b", b" X-B: c")),
    Refusal("fold-host", _FOLD, request(host=b"Host: gw.test\r\n .evil.test")),
    Refusal("fold-host-value", _FOLD, request(host=b"Host:\r\n gw.test")),
    Refusal("fold-last", _FOLD, request(b"X-A: b", b"X-B:", b" c")),
    Refusal("fold-first", "RFC 9112 2.2: whitespace before the first field", request(host=b" Host: gw.test")),
    Refusal("fold-first-tab", "RFC 9112 2.2: whitespace before the first field", request(host=b"\tHost: gw.test")),
    Refusal("fold-first-extra", "RFC 9112 2.2", request(host=b" X-A: b\r\nHost: gw.test")),
    Refusal("fold-many", _FOLD, request(b"X-A: b", *[b" c"] * 30)),
)

NAMES = (
    *(
        Refusal(f"name-{byte:02x}", _NAME, request(b"X" + bytes((byte,)) + b"A: b"))
        for byte in b'"(),/;<=>?@[\\]{} \t\x01\x07\x08\x0b\x0c\x1b\x7f\x80\xa0\xff'
    ),
    Refusal("name-nul", _NAME, request(b"X\x00A: b")),
    Refusal("name-nul-first", _NAME, request(b"\x00X: b")),
    Refusal("name-utf8", _NAME, request("X-é: b".encode())),
    Refusal("name-empty", "CVE-2023-25725: an empty name ended HAProxy's list", request(b": b")),
    Refusal("name-empty-first", "CVE-2023-25725", request(host=b": b\r\nHost: gw.test")),
    Refusal("name-space-colon", "RFC 9112 5.1: refused with 400", request(b"X-A : b")),
    Refusal("name-tab-colon", "RFC 9112 5.1: refused with 400", request(b"X-A\t: b")),
    Refusal("name-space-colon-host", "RFC 9112 5.1", request(host=b"Host : gw.test")),
    Refusal("name-vt-colon", _NAME, request(b"X-A\x0b: b")),
    Refusal("name-no-colon", _NAME, request(b"X-A")),
    Refusal("name-no-colon-text", _NAME, request(b"X-A b")),
    Refusal("name-no-colon-first", _NAME, request(host=b"X-A\r\nHost: gw.test")),
    Refusal("name-request-line", _NAME, request(b"GET /" + MARK + b" HTTP/1.1")),
    Refusal("name-quoted", _NAME, request(b'"X-A": b')),
    Refusal("name-colon-only", _NAME, request(b":")),
    Refusal("name-vt-host", "a name that some servers trim", request(b"\x0bHost: evil.test")),
    Refusal("name-bom", "a byte order mark is no name", request(b"\xef\xbb\xbfX-A: b")),
)

VALUES = (
    *(
        Refusal(f"value-{byte:02x}", _VALUE, request(b"X-A: b" + bytes((byte,)) + b"c"))
        for byte in (0x00, 0x01, 0x02, 0x04, 0x07, 0x08, 0x0B, 0x0C, 0x0E, 0x1B, 0x1F, 0x7F)
    ),
    Refusal("value-nul-first", _VALUE, request(b"X-A: \x00b")),
    Refusal("value-nul-last", _VALUE, request(b"X-A: b\x00")),
    Refusal("value-nul-only", _VALUE, request(b"X-A:\x00")),
    Refusal("value-ff-cookie", _VALUE, request(b"Cookie: a=b\x0c; c=d")),
    Refusal("value-nul-connection", _VALUE, request(b"Connection: close\x00")),
    Refusal("value-nul-authorization", _VALUE, request(b"Authorization: Bearer a\x00b")),
)

REFUSALS = (*LINE_ENDS, *FOLDS, *NAMES, *VALUES)
