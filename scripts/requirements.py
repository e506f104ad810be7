"""The locks of the package, from pip's report of what setup.py's requirements resolve to.

    python scripts/requirements.py REPORT

The meta package of the OTLP exporters brings gRPC, of which nothing is used: its HTTP half is all that is locked.
"""

import json
import sys
from pathlib import Path
from typing import Any

BUILDING = {"setuptools", "wheel"}
UNUSED = {"gatewayd", "grpcio", "opentelemetry-exporter-otlp", "opentelemetry-exporter-otlp-proto-grpc"}
HEAD = "# Written by scripts/wheels --lock; do not edit.\n"


def line(entry: dict[str, Any]) -> str:
    """One requirement with the hash of the file that pip chose."""
    digest = entry["download_info"]["archive_info"]["hashes"]["sha256"]
    return f"{entry['metadata']['name'].lower()}=={entry['metadata']['version']} --hash=sha256:{digest}\n"


def main() -> None:
    """Write both locks."""
    report = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    entries = {entry["metadata"]["name"].lower(): entry for entry in report["install"]}
    run = sorted(line(entry) for name, entry in entries.items() if name not in BUILDING | UNUSED)
    build = sorted(line(entry) for name, entry in entries.items() if name in BUILDING)
    folder = Path(__file__).parents[1] / "debian"
    (folder / "requirements.lock").write_text(HEAD + "".join(run))
    (folder / "build.lock").write_text(HEAD + "".join(build))


if __name__ == "__main__":
    main()
