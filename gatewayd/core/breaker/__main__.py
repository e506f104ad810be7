"""`python -m gatewayd.core.breaker` draws the diagram and tables of docs/resilience.md anew, from the transitions."""

from __future__ import annotations

import sys
from pathlib import Path

from gatewayd.core.breaker.diagram import rewritten

PROJECT = Path(__file__).parents[3]
PAGE = PROJECT / "docs" / "resilience.md"


def main() -> None:
    """Write the page and say so."""
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write(f"{PAGE.relative_to(PROJECT)}\n")


if __name__ == "__main__":
    main()
