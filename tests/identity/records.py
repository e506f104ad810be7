"""What the daemon writes down: a line for each request, and its audit events."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

from tests.harness import PATIENCE, GatewayProcess

_MARK = re.compile(r"m[0-9]{7}(?![0-9])")


def records(path: Path, marks: Collection[bytes]) -> dict[bytes, dict[str, Any]]:
    """The access log's records of the requests whose paths have these marks, once they are all there."""
    deadline = time.monotonic() + PATIENCE
    while True:
        lines = [json.loads(line) for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]
        found = {
            mark[0].encode(): line
            for line in lines
            if line["path"] is not None and (mark := _MARK.search(line["path"])) is not None
        }
        missing = [mark for mark in marks if mark not in found]
        if not missing:
            return found
        assert time.monotonic() < deadline, f"{len(missing)} of {len(marks)} are not in the access log: {missing[:9]}"
        time.sleep(0.05)


def told(gateway: GatewayProcess) -> list[dict[str, Any]]:
    """The audit events of single requests so far, in order."""
    lines = [json.loads(line) for line in gateway.stderr.splitlines(keepends=True) if line.endswith("}\n")]
    return [line for line in lines if line["event"].startswith("audit.") and "request_id" in line]
