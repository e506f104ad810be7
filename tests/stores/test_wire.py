"""The Redis protocol: answers however they are cut, and commands."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.stores.redis.wire import LARGEST_VALUE, LONGEST_LINE, Answers, Garbled, Refusal, encode

LINES = st.binary(max_size=20).filter(lambda line: b"\r" not in line and b"\n" not in line)
SCALARS = st.one_of(
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.none(),
    st.binary(max_size=40),
    st.just(b"\r\n$5\r\n"),
    LINES.map(lambda line: ("status", line)),
    LINES.map(lambda line: ("error", line)),
)
ANSWERS = st.recursive(SCALARS, lambda items: st.lists(items, max_size=4), max_leaves=12)


def written(answer: Any) -> bytes:
    """An answer as Redis writes it."""
    if answer is None:
        return b"$-1\r\n"
    if isinstance(answer, int):
        return b":%d\r\n" % answer
    if isinstance(answer, bytes):
        return b"$%d\r\n%b\r\n" % (len(answer), answer)
    if isinstance(answer, tuple):
        kind, line = answer
        return b"%b%b\r\n" % (b"+" if kind == "status" else b"-", line)
    return b"*%d\r\n" % len(answer) + b"".join(map(written, answer))


def comparable(answer: Any) -> Any:
    """An answer, whether expected or read, with errors as pairs."""
    if isinstance(answer, Refusal):
        return ("error", answer.text)
    if isinstance(answer, tuple):
        return answer[1] if answer[0] == "status" else ("error", answer[1].decode("utf-8", "backslashreplace"))
    return [comparable(item) for item in answer] if isinstance(answer, list) else answer


@given(st.lists(ANSWERS, max_size=6), st.data())
@settings(deadline=None, max_examples=150)
def test_answers(answers: list[Any], data: st.DataObject) -> None:
    """Whole, byte by byte, and cut anywhere: always the same answers, each as soon as it is complete."""
    stream = b"".join(map(written, answers))
    expected = [comparable(answer) for answer in answers]
    assert [comparable(answer) for answer in Answers().feed(stream)] == expected
    reader = Answers()
    assert [comparable(answer) for byte in stream for answer in reader.feed(bytes((byte,)))] == expected
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=4)))
    pieces = [stream[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    reader = Answers()
    assert [comparable(answer) for piece in pieces for answer in reader.feed(piece)] == expected


def test_nothing_twice() -> None:
    """An array of nothing, and no array, are different things."""
    assert Answers().feed(b"*0\r\n*-1\r\n*2\r\n*0\r\n*-1\r\n") == [[], None, [[], None]]


def test_large_values() -> None:
    """A value that comes in many pieces is joined once, when it is complete."""
    reader, value = Answers(), b"v" * 5_000_000
    stream = written([value, 1])
    got = [reader.feed(stream[at : at + 65_536]) for at in range(0, len(stream), 65_536)]
    assert got[:-1] == [[]] * (len(got) - 1)
    assert got[-1] == [[value, 1]]


@given(st.binary(max_size=60))
@settings(deadline=None, max_examples=200)
def test_anything(data: bytes) -> None:
    """What is no answer is `Garbled`, and nothing else."""
    reader = Answers()
    with suppress(Garbled):
        for byte in data:
            reader.feed(bytes((byte,)))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n", "no kind"),
        (b":12a\r\n", "number"),
        (b"$x\r\n", "length"),
        (b"$%d\r\n" % (LARGEST_VALUE + 1), "too large"),
        (b"+" + b"x" * (LONGEST_LINE + 1), "does not end"),
        (b"*1\r\n" * 33, "deep"),
    ],
)
def test_garbled(data: bytes, why: str) -> None:
    """What is wrong is said."""
    with pytest.raises(Garbled, match=why):
        Answers().feed(data)


def test_commands() -> None:
    """Words of any bytes, and numbers."""
    assert encode(b"SET", b"k", b"\r\n", -7) == b"*4\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\n\r\n\r\n$2\r\n-7\r\n"
