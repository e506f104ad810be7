"""The PROXY protocol: what is read, however it is split, and what is refused."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.proxyprotocol import BadProxyHeader, Done, Endpoint, ProxyHeader, crc32c

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"


def v2(command: int, family: int, block: bytes, length: int | None = None) -> bytes:
    """A version 2 header with this block behind its fixed part."""
    size = len(block) if length is None else length
    return SIGNATURE + bytes([command, family]) + size.to_bytes(2, "big") + block


def tlv(kind: int, value: bytes) -> bytes:
    """One extension."""
    return bytes([kind]) + len(value).to_bytes(2, "big") + value


def with_checksum(family: int, block: bytes, after: bytes = b"") -> bytes:
    """A header with a right checksum between `block` and `after`."""
    zeroed = v2(0x21, family, block + tlv(3, bytes(4)) + after)
    return v2(0x21, family, block + tlv(3, crc32c(zeroed).to_bytes(4, "big")) + after)


V4_BLOCK = IPv4Address("192.0.2.1").packed + IPv4Address("198.51.100.2").packed + b"\x30\x39\x01\xbb"
V6_BLOCK = IPv6Address("2001:db8::1").packed + IPv6Address("2001:db8::2").packed + b"\x30\x39\x01\xbb"
V4 = (Endpoint("192.0.2.1", 12345), Endpoint("198.51.100.2", 443))
V6 = (Endpoint("2001:db8::1", 12345), Endpoint("2001:db8::2", 443))
NOBODY = (None, None)

VALID: list[tuple[bytes, tuple[Endpoint | None, Endpoint | None]]] = [
    (b"PROXY TCP4 192.0.2.1 198.51.100.2 12345 443\r\n", V4),
    (b"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", (Endpoint("255.255.255.255", 65535),) * 2),
    (b"PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n", (Endpoint("0.0.0.0", 0),) * 2),
    (b"PROXY TCP6 2001:db8::1 2001:0DB8:0:0:0:0:0:2 12345 443\r\n", V6),
    (
        b"PROXY TCP6 " + b" ".join([b"ffff:" * 7 + b"ffff"] * 2) + b" 65535 65535\r\n",
        (Endpoint(":".join(["ffff"] * 8), 65535),) * 2,
    ),
    (b"PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n", (Endpoint("::ffff:192.0.2.1", 1), Endpoint("::1", 2))),
    (b"PROXY UNKNOWN\r\n", NOBODY),
    (b"PROXY UNKNOWN whatever 1 2 3 ::: stands here\r\n", NOBODY),
    (b"PROXY UNKNOWN " + b"ffff:" * 15 + b"f" * 16 + b"\r\n", NOBODY),
    (v2(0x21, 0x11, V4_BLOCK), V4),
    (v2(0x21, 0x21, V6_BLOCK), V6),
    (v2(0x21, 0x31, b"/a".ljust(108, b"\0") + b"/b".ljust(108, b"\0")), NOBODY),
    (v2(0x21, 0x00, b""), NOBODY),
    (v2(0x20, 0x00, b""), NOBODY),
    (v2(0x20, 0x11, V4_BLOCK), NOBODY),
    (v2(0x20, 0xFF, b"ignored, whatever it is"), NOBODY),
    (v2(0x21, 0x11, V4_BLOCK + tlv(4, b"") + tlv(2, b"shop.example") + tlv(0xEA, b"x" * 300)), V4),
    (with_checksum(0x11, V4_BLOCK), V4),
    (with_checksum(0x21, V6_BLOCK + tlv(1, b"h2"), tlv(4, b"pad")), V6),
    (with_checksum(0x00, b""), NOBODY),
    (v2(0x21, 0x11, V4_BLOCK + tlv(4, bytes(4096 - 16 - 12 - 3))), V4),
]

INVALID = [
    b"GET / HTTP/1.1\r\n",
    b"\r\n\r\nGET / HTTP/1.1\r\n",
    b"proxy TCP4 192.0.2.1 198.51.100.2 12345 443\r\n",
    b"PROXY  TCP4 192.0.2.1 198.51.100.2 12345 443\r\n",
    b"PROXY TCP4  192.0.2.1 198.51.100.2 12345 443\r\n",
    b"PROXY TCP4 192.0.2.1 198.51.100.2 12345 443 \r\n",
    b"PROXY TCP4 192.0.2.1 198.51.100.2 12345 443\n",
    b"PROXY TCP4 192.0.2.1 198.51.100.2 12345 443\r\r\n",
    b"PROXY TCP4 192.0.2.1\n198.51.100.2 12345 443\r\n",
    b"PROXY TCP4 192.0.2.1 198.51.100.2 12345\r\n",
    b"PROXY TCP4 192.0.2.1 198.51.100.2 012 443\r\n",
    b"PROXY TCP4 192.0.2.1 198.51.100.2 65536 443\r\n",
    b"PROXY TCP4 192.0.2.1 198.51.100.2 +1 443\r\n",
    b"PROXY TCP4 192.0.2.1 198.51.100.2 -1 443\r\n",
    b"PROXY TCP4 192.0.2.256 198.51.100.2 12345 443\r\n",
    b"PROXY TCP4 192.0.2.01 198.51.100.2 12345 443\r\n",
    b"PROXY TCP4 192.0.2 198.51.100.2 12345 443\r\n",
    b"PROXY TCP4 2001:db8::1 2001:db8::2 12345 443\r\n",
    b"PROXY TCP6 192.0.2.1 198.51.100.2 12345 443\r\n",
    b"PROXY TCP6 2001:db8::1::2 ::1 12345 443\r\n",
    b"PROXY TCP5 192.0.2.1 198.51.100.2 12345 443\r\n",
    b"PROXY UDP4 192.0.2.1 198.51.100.2 12345 443\r\n",
    b"PROXY UNKNOWNX\r\n",
    b"PROXY UNKNOWN\tx\r\n",
    b"PROXY \r\n",
    b"PROXY UNKNOWN " + b"x" * 92 + b"\r\n",
    b"PROXY TCP4 " + b"1" * 200,
    v2(0x11, 0x11, V4_BLOCK),
    v2(0x31, 0x11, V4_BLOCK),
    v2(0x22, 0x11, V4_BLOCK),
    v2(0x21, 0x12, V4_BLOCK),
    v2(0x21, 0x22, V6_BLOCK),
    v2(0x21, 0x41, V4_BLOCK),
    v2(0x21, 0x01, b""),
    v2(0x21, 0x11, V4_BLOCK[:-1]),
    v2(0x21, 0x21, V4_BLOCK),
    v2(0x21, 0x11, V4_BLOCK + b"\x04"),
    v2(0x21, 0x11, V4_BLOCK + b"\x04\x00"),
    v2(0x21, 0x11, V4_BLOCK + b"\x04\x00\x02x"),
    v2(0x21, 0x11, V4_BLOCK + tlv(3, b"abc")),
    v2(0x21, 0x11, V4_BLOCK + tlv(3, b"abcd")),
    v2(0x21, 0x11, V4_BLOCK + tlv(3, b"abcde")),
    with_checksum(0x11, V4_BLOCK, tlv(3, bytes(4))),
    with_checksum(0x11, V4_BLOCK)[:16] + b"\xc1" + with_checksum(0x11, V4_BLOCK)[17:],
    v2(0x21, 0x11, V4_BLOCK + tlv(4, bytes(4096 - 16 - 12 - 2))),
    v2(0x21, 0x11, b"", 0xFFFF),
    v2(0x20, 0x00, b"", 0xFFFF),
]


def outcome(pieces: list[bytes]) -> tuple[Endpoint | None, Endpoint | None, bytes] | str | None:
    """What comes of feeding these one after the other, with everything behind the header put back together."""
    header = ProxyHeader()
    for index, piece in enumerate(pieces):
        try:
            done = header.feed(piece)
        except BadProxyHeader:
            return "refused"
        if done is not None:
            return done.source, done.destination, done.rest + b"".join(pieces[index + 1 :])
    return None


@pytest.mark.parametrize(("header", "ends"), VALID)
def test_valid(header: bytes, ends: tuple[Endpoint | None, Endpoint | None]) -> None:
    """Both ends are told, and not one byte behind the header is taken, wherever the bytes are split."""
    whole = header + b"GET / HTTP/1.1\r\n"
    assert ProxyHeader().feed(whole) == Done(*ends, b"GET / HTTP/1.1\r\n")
    assert ProxyHeader().feed(header) == Done(*ends, b"")
    for at in range(len(whole)):
        assert outcome([whole[:at], whole[at:]]) == (*ends, b"GET / HTTP/1.1\r\n")
    assert outcome([bytes((octet,)) for octet in whole]) == (*ends, b"GET / HTTP/1.1\r\n")
    for at in range(min(len(header), 300)):
        assert ProxyHeader().feed(header[:at]) is None


@pytest.mark.parametrize("header", INVALID)
def test_invalid(header: bytes) -> None:
    """What is no header is refused, wherever the bytes are split, and with whatever comes behind it."""
    for whole in (header, header + b"GET / HTTP/1.1\r\n" * 8):
        assert outcome([whole]) == "refused"
        assert outcome([bytes((octet,)) for octet in whole]) == "refused"
        for at in range(min(len(whole), 300)):
            assert outcome([whole[:at], whole[at:]]) == "refused"


@given(st.sampled_from([header for header, _ in VALID] + INVALID), st.data())
def test_changed_bytes(header: bytes, data: st.DataObject) -> None:
    """A header with a byte changed is read the same way whole and byte by byte, and raises nothing else."""
    at = data.draw(st.integers(0, len(header) - 1))
    changed = header[:at] + bytes((data.draw(st.integers(0, 255)),)) + header[at + 1 :] + b"rest"
    assert outcome([changed]) == outcome([bytes((octet,)) for octet in changed])


@given(st.binary(max_size=140), st.sampled_from([b"", b"PROXY ", b"PROXY TCP4 ", SIGNATURE, SIGNATURE + b"\x21\x11"]))
def test_any_bytes(data: bytes, start: bytes) -> None:
    """Any bytes are a header, the beginning of one, or refused; splitting them changes nothing."""
    assert outcome([start + data]) == outcome([bytes((octet,)) for octet in start + data])


@given(st.ip_addresses(), st.ip_addresses(v=4), st.ip_addresses(v=6), st.integers(0, 65535), st.integers(0, 65535))
def test_addresses(
    source: IPv4Address | IPv6Address, v4: IPv4Address, v6: IPv6Address, from_port: int, to_port: int
) -> None:
    """Both versions tell the same ends, as `ipaddress` reads them."""
    destination = v4 if source.version == 4 else v6
    text = f"PROXY TCP{source.version} {source} {destination} {from_port} {to_port}\r\n".encode()
    block = source.packed + destination.packed + from_port.to_bytes(2, "big") + to_port.to_bytes(2, "big")
    one = ProxyHeader().feed(text)
    assert one is not None
    assert one == ProxyHeader().feed(v2(0x21, 0x11 if source.version == 4 else 0x21, block))
    assert one == ProxyHeader().feed(with_checksum(0x11 if source.version == 4 else 0x21, block))
    assert one.source is not None
    assert one.destination is not None
    assert (ip_address(one.source.address), one.source.port) == (source, from_port)
    assert (ip_address(one.destination.address), one.destination.port) == (destination, to_port)


def test_a_checksum_sees_every_bit() -> None:
    """A header with a checksum and any bit flipped is never read as other endpoints."""
    right = with_checksum(0x11, V4_BLOCK)
    for bit in range(8 * len(right)):
        header = bytearray(right)
        header[bit // 8] ^= 1 << bit % 8
        # A flipped command makes a LOCAL header, whose block is to be ignored; a longer one waits for its end; and the
        # checksum's own type may become another one.
        assert outcome([bytes(header)]) in ("refused", None, (None, None, b""), (*V4, b""))


def test_crc32c() -> None:
    """The check value of the CRC catalogue, and the examples of RFC 3720 appendix B.4."""
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(b"\xff" * 32) == 0x62A8AB43
    assert crc32c(bytes(range(32))) == 0x46DD794E
    assert crc32c(b"") == 0


def test_bound() -> None:
    """The bound on version 2 can be set, and holds before the bytes have come."""
    fixed = v2(0x21, 0x11, b"", 100)
    assert ProxyHeader(116).feed(fixed) is None
    with pytest.raises(BadProxyHeader, match="too long"):
        ProxyHeader(115).feed(fixed)
