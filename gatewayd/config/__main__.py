"""`python -m gatewayd.config` writes the reference page and the JSON Schema anew, from the models."""

from __future__ import annotations

import sys
from pathlib import Path

from gatewayd.config.docs.reference import reference_text
from gatewayd.config.docs.schema import schema_text

PROJECT = Path(__file__).parents[2]
PAGE = PROJECT / "docs" / "configuration.md"
SCHEMA = PROJECT / "etc" / "gatewayd" / "gateway.schema.json"


def main() -> None:
    """Write both files and say so."""
    for path, text in ((PAGE, reference_text()), (SCHEMA, schema_text())):
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{path.relative_to(PROJECT)}\n")


if __name__ == "__main__":
    main()
