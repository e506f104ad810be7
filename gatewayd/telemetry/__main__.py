"""`python -m gatewayd.telemetry`: the reference page of the metrics, docs/metrics.md, on stdout."""

from __future__ import annotations

import sys

from gatewayd.telemetry.reference import page

if __name__ == "__main__":
    sys.stdout.write(page())
