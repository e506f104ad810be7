"""`python -m gatewayd.log`: the tables of the vocabulary, as docs/logs.md has them, on stdout."""

from __future__ import annotations

import sys

from gatewayd.log.reference import tables

if __name__ == "__main__":
    sys.stdout.write(tables())
