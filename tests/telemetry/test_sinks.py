"""Sinks on real descriptors: slow, full, broken and rotated ones."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from io import FileIO
from pathlib import Path

import pytest

from gatewayd.telemetry.sinks import DescriptorSink, Losses, NoSink, sink_for

Pipe = tuple[FileIO, FileIO]
PIPE = 65_536  # bytes a pipe takes while nobody reads (man 7 pipe)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    """The reading and the writing end of a pipe; sinks get duplicates of the latter."""
    reader, writer = os.pipe()
    with FileIO(reader, "r") as reading, FileIO(writer, "w") as writing:
        yield reading, writing


def lines(count: int, length: int = 100) -> bytes:
    """`count` numbered lines of `length` bytes."""
    return b"".join(b"%0*d\n" % (length - 1, number) for number in range(count))


def opener(*paths: str) -> Callable[[], int]:
    """Opens one path after the other."""
    left = iter(paths)
    return lambda: os.open(next(left), os.O_WRONLY | os.O_APPEND | os.O_CREAT)


def test_a_file_is_appended_to(tmp_path: Path) -> None:
    """Lines come after what the file held; a new file is not readable by everyone."""
    path = tmp_path / "access.log"
    path.write_text("before\n")
    for text in (b"one\n", b"two\n"):
        sink = sink_for(str(path))
        sink.start()
        sink.write(text)
        sink.close()
        assert sink.losses() == Losses()
    assert path.read_text() == "before\none\ntwo\n"
    fresh = sink_for(str(tmp_path / "fresh.log"))
    fresh.start()
    fresh.close()
    assert stat.S_IMODE((tmp_path / "fresh.log").stat().st_mode) & 0o007 == 0


def test_a_place_that_cannot_be_opened_fails_the_start(tmp_path: Path) -> None:
    """A wrong path is an error of the start, not of the first request."""
    with pytest.raises(FileNotFoundError):
        sink_for(str(tmp_path / "missing" / "access.log")).start()


def test_off_takes_nothing() -> None:
    """The sink called "off" wants no lines."""
    sink = sink_for("off")
    assert isinstance(sink, NoSink)
    sink.start()
    sink.write(b"line\n")
    sink.reopen()
    sink.close()
    assert sink.losses() == Losses()


def test_a_batch_larger_than_a_pipe_arrives_whole(pipe: Pipe) -> None:
    """The kernel takes a batch in pieces; nothing of it is lost or repeated."""
    text = lines(10_000)
    sink = DescriptorSink(lambda: os.dup(pipe[1].fileno()))
    sink.start()
    sink.write(text)
    received = b""
    while len(received) < len(text):
        received += os.read(pipe[0].fileno(), 4000)
    sink.close()
    assert received == text
    assert sink.losses() == Losses()


def test_a_non_blocking_pipe_is_waited_for(pipe: Pipe) -> None:
    """Somebody else made the shared file non-blocking: EAGAIN is no reason to lose a line."""
    os.set_blocking(pipe[1].fileno(), False)
    text = lines(10_000)
    sink = DescriptorSink(lambda: os.dup(pipe[1].fileno()))
    sink.start()
    sink.write(text)
    received = b""
    while len(received) < len(text):
        received += os.read(pipe[0].fileno(), 4000)
    sink.close()
    assert received == text
    assert sink.losses() == Losses()


@pytest.mark.parametrize("blocking", [True, False], ids=["blocking", "non-blocking"])
def test_a_reader_that_sleeps_costs_lines_not_memory(pipe: Pipe, blocking: bool) -> None:
    """A full pipe: writing returns at once, what waits is bounded, the rest is counted, closing does not hang."""
    reader, writer = pipe
    os.set_blocking(writer.fileno(), blocking)
    sink = DescriptorSink(lambda: os.dup(writer.fileno()), max_queued=200_000, patience=0.05)
    sink.start()
    for _ in range(100):
        sink.write(lines(100))  # a million bytes in all, of which the queue and the pipe hold a fifth or so
    refused = sink.losses().refused
    assert refused >= 10_000 - (200_000 + PIPE) // 100
    assert refused % 100 == 0
    sink.close()
    writer.close()
    if not blocking:  # the thread has given up, and counted what it could not write
        received = reader.readall()
        losses = sink.losses()
        assert losses.cause == "its reader takes nothing"
        assert received.count(b"\n") + losses.refused + losses.failed == 10_000


def test_a_full_disk_is_counted_and_survived() -> None:
    """ENOSPC loses the lines it met, with their cause; the sink goes on trying."""
    sink = DescriptorSink(lambda: os.open("/dev/full", os.O_WRONLY))
    sink.start()
    sink.write(lines(3))
    sink.write(lines(4))
    sink.close()
    assert sink.losses() == Losses(failed=7, cause=os.strerror(errno.ENOSPC))


def test_a_reader_that_left_is_counted_and_survived(pipe: Pipe) -> None:
    """EPIPE loses lines and nothing else."""
    pipe[0].close()
    sink = DescriptorSink(lambda: os.dup(pipe[1].fileno()))
    sink.start()
    sink.write(lines(5))
    sink.close()
    assert sink.losses() == Losses(failed=5, cause=os.strerror(errno.EPIPE))


def test_a_torn_line_does_not_spoil_the_next(pipe: Pipe, tmp_path: Path) -> None:
    """After a write that stopped within a line, the next line begins on its own."""
    reader, writer = pipe
    path = tmp_path / "access.log"
    path.touch()
    places = iter((lambda: os.dup(writer.fileno()), opener(str(path))))
    sink = DescriptorSink(lambda: next(places)())
    sink.start()
    sink.write(lines(1_000, length=99))  # more than a pipe holds, which is no whole number of these lines
    os.read(reader.fileno(), 10)  # something was written: the thread now waits for room
    reader.close()
    sink.reopen()
    sink.write(b"whole\n")
    sink.close()
    assert path.read_bytes() == b"\nwhole\n"
    assert sink.losses() == Losses(failed=1_000 - PIPE // 99, cause=os.strerror(errno.EPIPE))


def test_rotation_moves_on_to_the_new_file(tmp_path: Path) -> None:
    """After the file was renamed, reopening splits the lines exactly where it was asked for."""
    path, rotated = tmp_path / "access.log", tmp_path / "access.log.1"
    sink = sink_for(str(path))
    sink.start()
    sink.write(b"old\n")
    path.rename(rotated)
    sink.reopen()
    sink.write(b"new\n")
    sink.close()
    assert rotated.read_text() == "old\n"
    assert path.read_text() == "new\n"


def test_a_file_that_cannot_be_reopened_is_kept(tmp_path: Path) -> None:
    """Without a new file the old one goes on, and the cause is told."""
    old = str(tmp_path / "old.log")
    sink = DescriptorSink(opener(old, str(tmp_path / "missing" / "new.log")))
    sink.start()
    sink.reopen()
    sink.write(b"line\n")
    sink.close()
    assert Path(old).read_text() == "line\n"
    assert "cannot reopen" in sink.losses().cause


def test_a_shared_descriptor_stays_open(pipe: Pipe) -> None:
    """Stdout belongs to others as well: it is neither closed nor opened again."""
    reader, writer = pipe
    sink = DescriptorSink(writer.fileno, shared=True)
    sink.start()
    sink.reopen()
    sink.write(b"line\n")
    sink.close()
    os.write(writer.fileno(), b"still open\n")
    assert os.read(reader.fileno(), 100) == b"line\nstill open\n"


def test_closing_before_the_start_is_fine() -> None:
    """A start that failed elsewhere closes what never began."""
    sink_for("-").close()
