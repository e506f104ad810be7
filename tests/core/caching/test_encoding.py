"""Kept answers as bytes: what comes back is what went in, and whatever else is found there is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from gatewayd.core.caching import Entry, Key, Scope, partition_of
from gatewayd.core.caching.encoding import Junk, decode, digest_of, encode, encode_names, variant_of
from gatewayd.core.messages import Field, Role
from gatewayd.core.tokens.identity import Identity
from tests.core.caching.test_keys import IDENTITIES, ROUTES, URLS
from tests.core.caching.world import EARLIER, NOW, PUBLIC, entry

HERE, THERE = b"h" * 32, b"t" * 32
FRESH = "Cache-Control: max-age=60, stale-if-error=5"
NOTHING: frozenset[bytes] = frozenset()
TEXT = st.text(alphabet=st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=12)
LINES = st.lists(
    st.tuples(st.sampled_from(["X-A", "Content-Type", "Content-Language", "x"]), TEXT).map(": ".join), max_size=4
)


def said(found: Entry) -> tuple[object, ...]:
    """Everything that an entry is."""
    fields = [(field.name, field.value, field.line, field.role) for field in found.head.section.fields]
    section = found.head.section
    slots = [name for name in Entry.__slots__ if name not in ("head", "told", "told_from", "told_until")]
    values = [getattr(found, name) for name in slots]
    return found.head.status, found.head.line, fields, section.lines, section.date, section.length, values


def back(value: bytes, noted: frozenset[bytes] = NOTHING) -> Entry:
    """The entry that a value is."""
    found = decode(value, HERE, noted)[0]
    assert isinstance(found, Entry)
    return found


@settings(deadline=None, max_examples=150)
@given(LINES, st.binary(max_size=40), st.sampled_from([200, 203, 404]), st.integers(0, 1 << 60))
def test_there_and_back(lines: list[str], body: bytes, status: int, mark: int) -> None:
    """An entry comes back as it was, with its mark."""
    made = entry(FRESH, 'ETag: "a"', f"Last-Modified: {EARLIER}", "Cache-Tag: a, b c", *lines, status=status, body=body)
    value = encode(made, mark, HERE)
    assert decode(value, HERE, NOTHING)[1] == mark
    assert said(back(value)) == said(made)


def test_variants() -> None:
    """What an answer varies by comes back too, what requests did not say as well as what they said."""
    made = entry(FRESH, policy=replace(PUBLIC, vary=(b"a", b"b", b"c")))
    made.values = (None, b"", b"-x")
    assert said(back(encode(made, 1, HERE))) == said(made)
    assert decode(encode_names((b"a", b"b"), HERE), HERE, NOTHING) == (b"a", b"b")


def test_noted() -> None:
    """Which fields the gateway reads is its own business, and not that of whoever wrote the value."""
    value = encode(entry(FRESH, "Vary: a", "X-A: 1"), 1, HERE)
    roles = {field.name: field.role for field in back(value, frozenset({b"vary"})).head.section.fields}
    assert roles[b"vary"] is Role.NOTED
    assert roles[b"x-a"] is Role.END_TO_END
    assert roles[b"date"] is Role.DATE


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_damaged(data: st.DataObject) -> None:
    """Of a value with some bytes changed, lost or added nothing comes but a well-formed entry, or `Junk`."""
    made = entry(FRESH, 'ETag: "a"', "Cache-Tag: a", policy=replace(PUBLIC, vary=(b"a",)))
    value = bytearray(encode(made, 7, HERE))
    at = data.draw(st.integers(0, len(value)))
    upto = data.draw(st.integers(at, min(len(value), at + 12)))
    value[at:upto] = data.draw(st.binary(max_size=12))
    try:
        found = back(bytes(value))
    except Junk:
        return
    assert b"\r\n\r\n" not in found.head.line + found.head.section.lines
    assert all(b"\r" not in field.value and b"\n" not in field.value for field in found.head.section.fields)
    assert len(found.names) == len(found.values)


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=80))
@example(b"")
@example(b"\x01\x00" + HERE)
@example(b"\x01\x01" + HERE + b"\0\0\0\0")
@example(b"\x01\x01" + HERE + b"\0\0\0\x09a")
@example(b"\x02\x01" + HERE + b"\0\0\0\x01a")
@example(b"\x01\x07" + HERE + b"\0\0\0\x01a")
def test_junk(value: bytes) -> None:
    """Anything else is no value at all."""
    with pytest.raises(Junk):
        decode(value, HERE, NOTHING)


def test_elsewhere() -> None:
    """A value that was put under another digest than its own is refused there."""
    for value in (encode(entry(FRESH), 1, HERE), encode_names((b"a",), HERE)):
        with pytest.raises(Junk, match="elsewhere"):
            decode(value, THERE, NOTHING)


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("born", float("nan")),
        ("fresh_until", float("inf")),
        ("etag", b"unquoted"),
        ("last_modified", b"yesterday"),
        ("names", (b"a",)),
        ("names", (b"a\0",)),
        ("tags", (b"\0",)),
        ("tags", tuple(b"%d" % number for number in range(129))),
    ],
)
def test_nonsense(attribute: str, value: object) -> None:
    """What cannot have been kept is refused."""
    made = entry(FRESH)
    setattr(made, attribute, value)
    with pytest.raises(Junk):
        back(encode(made, 1, HERE))


@pytest.mark.parametrize(
    "line",
    [
        b"A: 1\r\nB: 2",
        b"A: 1\r\n\r\n",
        b"A:1\r\n",
        b"A : 1\r\n",
        b": 1\r\n",
        b"A: \x00\r\n",
        b"Content-Length: 3\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Connection: close\r\n",
    ],
)
def test_fields_that_are_none(line: bytes) -> None:
    """Nobody can write a field there that a service could not have sent, or that says where an answer ends."""
    made = entry(FRESH)
    made.head.section.fields[-1] = Field(b"a", b"1", line, Role.END_TO_END)
    with pytest.raises(Junk):
        back(encode(made, 1, HERE))


@pytest.mark.parametrize("line", [b"HTTP/1.1 200 A\r\nB: 1\r\n", b"HTTP/1.1 201 A\r\n", b"200\r\n", b""])
def test_status_lines_that_are_none(line: bytes) -> None:
    """Nor another status line than one of this status."""
    made = entry(FRESH)
    made.head.line = line
    with pytest.raises(Junk):
        back(encode(made, 1, HERE))


@settings(deadline=None, max_examples=200)
@given(IDENTITIES, IDENTITIES, st.sampled_from([Scope.TENANT, Scope.USER]), ROUTES, URLS)
def test_other_tenants(one: Identity, other: Identity, scope: Scope, route: str, url: bytes) -> None:
    """What a tenant's answers are kept under is never what another's are, nor are their variants; it tells no names."""
    assume(one.tenant != other.tenant)
    here, there = partition_of(scope, route, one), partition_of(scope, route, other)
    assume(here is not None and there is not None)
    assert here is not None
    assert there is not None
    mine, yours = digest_of(Key(here, url)), digest_of(Key(there, url))
    assert mine != yours
    assert variant_of(mine, (b"a",), (b"1",)) != variant_of(yours, (b"a",), (b"1",))
    assert len(mine) == 32
    with pytest.raises(Junk, match="elsewhere"):
        decode(encode(entry(FRESH), 1, mine), yours, NOTHING)


VALUES = st.lists(
    st.none() | st.binary(max_size=3).map(lambda value: value.replace(b"\n", b"")), min_size=1, max_size=3
)


@settings(deadline=None, max_examples=200)
@given(VALUES, VALUES)
def test_variants_apart(one: list[bytes | None], other: list[bytes | None]) -> None:
    """Variants have a digest each, however their values are made up, and none has that of the key."""
    names = (b"a", b"b", b"c")
    mine = variant_of(HERE, names[: len(one)], tuple(one))
    assert (mine == variant_of(HERE, names[: len(other)], tuple(other))) is (one == other)
    assert mine != HERE


def test_still_fresh() -> None:
    """Times are those of the clock on the wall: an entry is as old for whoever reads it as it was for who wrote it."""
    made = entry(FRESH, "Age: 7")
    assert back(encode(made, 1, HERE)).age(NOW + 3) == made.age(NOW + 3) == 10
