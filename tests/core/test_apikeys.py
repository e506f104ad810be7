"""API keys: made, known again, and never shown."""

from __future__ import annotations

import re
from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.apikeys import RANDOM_BYTES, ApiKey, BadKey, KeyTable, hash_key, judge, make_key, parse_key

NOW = 1_700_000_000.0
PEPPER = b"pepper-of-this-house"
KEY = make_key(bytes(range(RANDOM_BYTES))).encode()
OTHER = make_key(bytes(range(1, RANDOM_BYTES + 1))).encode()
ENTRY = ApiKey(
    parse_key(KEY),
    hash_key(KEY, PEPPER),
    "acme",
    "robot",
    frozenset({"box-office"}),
    frozenset({"tickets:*"}),
    expires=NOW + 10,
)
TABLE = KeyTable([ENTRY], PEPPER)
RANDOM = st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES)


def cause(key: bytes, now: float = NOW, table: KeyTable = TABLE) -> tuple[str, str] | None:
    """Why a key is refused and which id it names, or None."""
    try:
        table.find(key, now)
    except BadKey as error:
        return error.why, error.key_id
    return None


def test_form() -> None:
    """A key can be recognised wherever it leaks: prefix, id, secret, checksum."""
    assert re.fullmatch(rb"gw_[a-z2-7]{13}_[a-z2-7]{32}[0-9a-f]{8}", KEY)
    assert KEY.startswith(b"gw_aaaqeayeaudao_")
    assert parse_key(KEY) == "aaaqeayeaudao"


def test_found() -> None:
    """The bearer of a key is who its entry says."""
    assert TABLE.find(KEY, NOW) is ENTRY


@given(RANDOM, RANDOM)
def test_every_key_is_its_own(one: bytes, two: bytes) -> None:
    """A key is found by itself only, whatever the random bytes."""
    key, other = make_key(one).encode(), make_key(two).encode()
    table = KeyTable([ApiKey(parse_key(key), hash_key(key, PEPPER))], PEPPER)
    assert cause(key, table=table) is None
    assert (cause(other, table=table) is None) == (one == two)


@given(RANDOM, st.integers(0, len(KEY) - 1), st.integers(0, 255))
def test_misspelt(random: bytes, at: int, octet: int) -> None:
    """A key with any byte changed is malformed: its checksum tells, and nothing is looked up."""
    key = make_key(random).encode()
    changed = key[:at] + bytes((octet,)) + key[at + 1 :]
    if changed != key:
        assert cause(changed) == ("malformed", "")


@pytest.mark.parametrize(
    "key", [b"", b"gw_", KEY[:-1], KEY + b"0", b" " + KEY, KEY + b"\n", KEY.upper(), KEY * 2, b"\xff" * 57, b"gw_x_y"]
)
def test_malformed(key: bytes) -> None:
    """What has another form is no key."""
    assert cause(key) == ("malformed", "")


def test_unknown_and_wrong() -> None:
    """Operators are told an id that nobody has from a secret that is wrong; the message says neither id nor secret."""
    assert cause(OTHER) == ("unknown", parse_key(OTHER))
    same_id = make_key(bytes(range(8)) + bytes(20)).encode()
    assert parse_key(same_id) == ENTRY.id
    assert cause(same_id) == ("wrong", ENTRY.id)


def test_expiry() -> None:
    """A key ends at its time; who does not know the secret is not told so."""
    assert cause(KEY, NOW + 9.999) is None
    assert cause(KEY, NOW + 10) == ("expired", ENTRY.id)
    assert cause(make_key(bytes(range(8)) + bytes(20)).encode(), NOW + 10) == ("wrong", ENTRY.id)
    eternal = ApiKey(ENTRY.id, ENTRY.hash)
    assert judge(eternal, KEY, PEPPER, 1e12) is eternal


def test_pepper() -> None:
    """Another pepper makes other hashes, so a table is worth nothing without its own."""
    assert cause(KEY, table=KeyTable([ENTRY], b"pepper-of-other-house")) == ("wrong", ENTRY.id)
    assert hash_key(KEY, PEPPER) == blake2b(KEY, key=PEPPER, digest_size=32).hexdigest()
    assert hash_key(KEY, PEPPER) != blake2b(KEY, digest_size=32).hexdigest()


@pytest.mark.parametrize("length", [0, 15, 65])
def test_peppers_refused(length: int) -> None:
    """A pepper that is short, or longer than the hash takes, is refused."""
    with pytest.raises(ValueError, match="16 to 64 bytes"):
        KeyTable([], b"p" * length)


@pytest.mark.parametrize("length", [16, 64])
def test_peppers_at_the_bounds(length: int) -> None:
    """The shortest and the longest pepper work."""
    pepper = b"p" * length
    assert cause(KEY, table=KeyTable([ApiKey(ENTRY.id, hash_key(KEY, pepper))], pepper)) is None


@pytest.mark.parametrize("text", ["", "0" * 64, "0" * 63, "A" * 64, "g" * 64, KEY.decode()])
def test_hashes_refused(text: str) -> None:
    """What is no hash is refused without being repeated: it may be the key."""
    with pytest.raises(ValueError, match="not 64 hexadecimal digits") as caught:
        ApiKey("k", text)
    assert not text or text not in str(caught.value)


def test_two_of_one_id() -> None:
    """Ids are unique."""
    with pytest.raises(ValueError, match="two API keys"):
        KeyTable([ENTRY, ENTRY], PEPPER)


@pytest.mark.parametrize("length", [0, RANDOM_BYTES - 1, RANDOM_BYTES + 1])
def test_randomness_needed(length: int) -> None:
    """A key is made of exactly as much randomness as it holds."""
    with pytest.raises(ValueError, match="random bytes"):
        make_key(bytes(length))


def test_nothing_is_shown() -> None:
    """Neither key, hash nor pepper turn up in what is printed or raised."""
    with pytest.raises(BadKey) as caught:
        TABLE.find(KEY, NOW + 10)
    shown = "".join([repr(TABLE), str(TABLE), repr(ENTRY), str(caught.value), repr(caught.value)])
    for secret in (KEY.decode(), KEY.decode()[17:], ENTRY.hash, PEPPER.decode()):
        assert secret not in shown
    assert ENTRY.id in repr(ENTRY)
