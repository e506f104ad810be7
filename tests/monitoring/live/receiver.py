"""Where Alertmanager's notifications end up: one address, a path for each receiver."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


class WebhookReceiver:
    """Keeps what comes: which receiver was told of which alert, and whether it fired or was over."""

    def __init__(self) -> None:
        self._told: list[tuple[str, str, str]] = []
        self._changed = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            """One notification."""

            def do_POST(self) -> None:
                """Note every alert in it."""
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver.note(self.path.removeprefix("/"), body)
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Without a slash at its end; the receiver's name follows."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def note(self, name: str, body: dict[str, Any]) -> None:
        """Take one notification in."""
        with self._changed:
            self._told += [(name, alert["labels"]["alertname"], alert["status"]) for alert in body["alerts"]]
            self._changed.notify_all()

    def mark(self) -> int:
        """A point in time, to ask for what came after it."""
        with self._changed:
            return len(self._told)

    def firing(self, since: int = 0) -> dict[str, set[str]]:
        """The alerts that each receiver was told of as firing."""
        with self._changed:
            told: dict[str, set[str]] = {}
            for name, alert, status in self._told[since:]:
                if status == "firing":
                    told.setdefault(name, set()).add(alert)
            return told

    def wait(self, complete: Callable[[dict[str, set[str]]], bool], since: int, patience: float) -> None:
        """Return once `firing` is complete; AssertionError with what came where that does not happen in time."""
        with self._changed:
            if not self._changed.wait_for(lambda: complete(self.firing(since)), patience):
                raise AssertionError(f"in {patience} s only this was told: {self.firing(since)}")
