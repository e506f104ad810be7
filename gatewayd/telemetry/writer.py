"""A thread that writes messages to an outlet, whatever becomes of the outlet."""

from __future__ import annotations

from enum import Enum
from queue import Empty, SimpleQueue
from threading import Event, Thread

from gatewayd.telemetry.outlets import Outlet

MAX_WRITE = 1024 * 1024  # bytes handed over together: under load each write waits for the interpreter's lock


class Command(Enum):
    """What is done between two messages."""

    REOPEN = "reopen"
    ROTATE = "rotate"
    STOP = "stop"


class Writer:
    """Writes what is put, in order, and counts what it could not write. Nothing it meets stops it but `stop`.

    Before `start`, and after `stop`, messages are written at once by whoever puts them. `done` (bytes) and `failed`
    (messages) are written by the thread alone while there is one, and only ever grow. Reading them from another thread
    needs no lock.
    """

    def __init__(self, outlet: Outlet, patience: float) -> None:
        self.done = 0
        self.failed = 0
        self._outlet = outlet
        self._patience = patience
        self._queue: SimpleQueue[bytes | Command] = SimpleQueue()
        self._thread: Thread | None = None
        self._stopping = Event()
        self._stopping.set()

    @property
    def cause(self) -> str:
        """What went wrong last, "" for nothing."""
        return self._outlet.cause

    def start(self) -> None:
        """Open the place, in the caller's thread so that it sees the OSError, and start writing."""
        self._outlet.open()
        self._stopping.clear()
        self._thread = Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def put(self, message: bytes) -> None:
        """Have a message written."""
        if self._thread is None:
            self._write_batch(message)
        else:
            self._queue.put(message)

    def command(self, command: Command) -> None:
        """Have something done after what was put before."""
        if self._thread is None:
            self._do(command)
        else:
            self._queue.put(command)

    def stop(self) -> None:
        """Write what was put, then end. Waits for a slow reader as long as it makes progress within the patience.

        A thread that hangs in a write is left behind: what is put then is lost, and it ends with the process.
        """
        thread = self._thread
        if thread is not None and thread.is_alive():
            self._stopping.set()
            self._queue.put(Command.STOP)
            thread.join(2 * self._patience)
            if not thread.is_alive():
                self._thread = None

    def close(self) -> None:
        """Close the place, unless the thread hangs in it."""
        if self._thread is None:
            self._outlet.close()

    def _run(self) -> None:
        command: Command | None = None
        while command is not Command.STOP:
            item = self._queue.get()
            command = item if isinstance(item, Command) else self._write_batch(item)
            if command is not None:
                self._do(command)

    def _do(self, command: Command) -> None:
        if command is Command.REOPEN:
            self._outlet.reopen()
        elif command is Command.ROTATE:
            self._outlet.rotate()

    def _write_batch(self, first: bytes) -> Command | None:
        """Write `first` and what waits behind it at once, up to the first command, which is the answer."""
        batch = [first]
        size = len(first)
        command: Command | None = None
        while size < MAX_WRITE and command is None:
            try:
                item = self._queue.get_nowait()
            except Empty:
                break
            if isinstance(item, Command):
                command = item
            else:
                batch.append(item)
                size += len(item)
        self.failed += self._outlet.write(batch, self._stopping)
        self.done += size
        return command
