"""journald and syslog: every message arrives, whatever its size, and whatever becomes of who takes it."""

from __future__ import annotations

import array
import errno
import fcntl
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.telemetry.datagrams import DatagramOutlet, goes_to_journal
from gatewayd.telemetry.forms import as_journal
from gatewayd.telemetry.line import Line
from gatewayd.telemetry.log import to_descriptor, to_syslog

PATIENCE = 10.0


class Journald:
    """Takes datagrams as systemd-journald does: fields on lines, or with a length; large ones in a memory file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.settimeout(PATIENCE)
        self.socket.bind(str(path))
        self.by_file = 0

    def take(self) -> dict[str, str]:
        """The fields of the next entry."""
        data, ancillary, _, _ = self.socket.recvmsg(1 << 20, socket.CMSG_SPACE(4))
        for level, kind, content in ancillary:
            assert (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS)
            (fd,) = array.array("i", content)
            seals = fcntl.fcntl(fd, fcntl.F_GET_SEALS)
            assert seals & fcntl.F_SEAL_WRITE  # journald takes no file that may still change
            self.by_file += 1
            with open(fd, "rb") as file:
                file.seek(0)
                data = file.read()
        return parse(data)

    def close(self) -> None:
        """Go away."""
        self.socket.close()
        self.path.unlink()


def parse(data: bytes) -> dict[str, str]:
    """The fields of an entry."""
    fields: dict[str, str] = {}
    while data:
        first, _, rest = data.partition(b"\n")
        name, equals, value = first.partition(b"=")
        if equals:
            data = rest
        else:
            (length,) = struct.unpack_from("<Q", rest)
            value, data = rest[8 : 8 + length], rest[8 + length :]
            assert data.startswith(b"\n")
            data = data[1:]
        fields[name.decode()] = value.decode()
    return fields


LINE: Line = {
    "time": "2026-11-23T08:00:00.250Z",
    "level": "warn",
    "event": "target.ejected",
    "namespace": "gatewayd.services",
    "message": "passed over",
    "service": "orders",
    "count": 3,
    "nothing": None,
}


@pytest.fixture
def journald(tmp_path: Path) -> Iterator[Journald]:
    """One that listens."""
    made = Journald(tmp_path / "socket")
    yield made
    if made.path.exists():
        made.close()


def test_an_entry(journald: Journald, tmp_path: Path) -> None:
    """The message with its priority and without another time; each field is a field of the entry."""
    with open(tmp_path / "stream", "wb") as stream:
        status = os.fstat(stream.fileno())
        environ = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        destination = to_descriptor(stream.fileno(), "auto", environ, str(journald.path))
    destination.sink.start()
    destination.sink.write(destination.form(LINE))
    destination.sink.close()
    assert journald.take() == {
        "MESSAGE": "passed over",
        "PRIORITY": "4",
        "SYSLOG_IDENTIFIER": "gatewayd",
        "GATEWAYD_EVENT": "target.ejected",
        "GATEWAYD_NAMESPACE": "gatewayd.services",
        "GATEWAYD_SERVICE": "orders",
        "GATEWAYD_COUNT": "3",
    }
    assert (tmp_path / "stream").read_bytes() == b""


def test_a_large_entry_goes_by_file(journald: Journald) -> None:
    """A traceback that no datagram holds arrives whole, in a sealed file."""
    outlet = DatagramOutlet(str(journald.path), PATIENCE, by_file=True)
    trace = "deep\n" * 200_000
    line = {**LINE, "level": "critical", "error": "x", "traceback": trace}
    assert outlet.write([as_journal(line), as_journal(LINE)], Event()) == 0
    outlet.close()
    first, second = journald.take(), journald.take()
    assert first["MESSAGE"] == f"passed over\n{trace.rstrip()}"
    assert (first["PRIORITY"], journald.by_file) == ("2", 1)
    assert second["MESSAGE"] == "passed over"


@given(st.dictionaries(st.text(st.characters(codec="ascii"), min_size=1, max_size=9), st.text()), st.text())
def test_fields_cannot_forge_others(fields: dict[str, str], message: str) -> None:
    """Whatever names and values hold, the entry has the message and the priority that it should have."""
    made = as_journal({**LINE, "extra": "\n".join(fields.values()), "message": message, **{f"x{n}": 1 for n in fields}})
    entry = parse(made)
    assert (entry["MESSAGE"], entry["PRIORITY"]) == (message, "4")
    assert all(name.startswith("GATEWAYD_") or name in ("MESSAGE", "PRIORITY", "SYSLOG_IDENTIFIER") for name in entry)


def test_whoever_takes_them_is_started_anew(journald: Journald) -> None:
    """A new socket under the same name gets what follows; what came between is lost, and counted."""
    outlet = DatagramOutlet(str(journald.path), PATIENCE, by_file=True)
    assert outlet.write([as_journal(LINE)], Event()) == 0
    journald.close()
    assert outlet.write([as_journal(LINE), as_journal(LINE)], Event()) == 2
    assert outlet.cause == os.strerror(errno.ENOENT)
    again = Journald(journald.path)
    assert outlet.write([as_journal(LINE)], Event()) == 0
    assert again.take()["MESSAGE"] == "passed over"
    outlet.close()
    again.close()


def test_one_that_hangs_is_waited_for_until_the_stop(journald: Journald) -> None:
    """A full queue of a receiver that sleeps ends the wait only once the log is to stop."""
    outlet = DatagramOutlet(str(journald.path), 0.01, by_file=True)
    stopping = Event()
    stopping.set()
    assert outlet.write([as_journal(LINE)] * 2000, stopping) > 0
    assert outlet.cause == "nobody takes it"
    outlet.close()


def test_syslog_gets_a_datagram_each(journald: Journald) -> None:
    """Nobody there: the line is lost, and the next one finds who came meanwhile."""
    destination = to_syslog("gw", str(journald.path))
    destination.sink.write(destination.form(LINE))
    text = journald.socket.recv(65536).decode()
    assert text.startswith("<12>")
    assert f" gw[{os.getpid()}]: passed over [event=target.ejected" in text
    destination.sink.close()


def test_what_is_not_the_journal(tmp_path: Path) -> None:
    """Another stream, no variable, nonsense in it, a descriptor that is closed."""
    with open(tmp_path / "stream", "wb") as stream:
        fd = stream.fileno()
        status = os.fstat(fd)
        assert goes_to_journal(fd, {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"})
        for other in (f"{status.st_dev}:{status.st_ino + 1}", "", "x", ":"):
            assert not goes_to_journal(fd, {"JOURNAL_STREAM": other})
        assert not goes_to_journal(fd, {})
    assert not goes_to_journal(fd, {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"})
