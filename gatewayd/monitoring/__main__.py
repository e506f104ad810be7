"""`python -m gatewayd.monitoring DIRECTORY` writes rules, dashboards and the files around them."""

from __future__ import annotations

import argparse
import sys
from decimal import Decimal, InvalidOperation
from pathlib import Path

from gatewayd.monitoring.output import write
from gatewayd.monitoring.settings import Settings


def main(arguments: list[str]) -> int:
    """Write the files and say how many; 2 for arguments that are no good."""
    parser = _parser()
    given = parser.parse_args(arguments)
    try:
        settings = Settings(given.job, given.availability, given.fast, given.latency, given.runbooks.rstrip("/"))
    except ValueError as error:
        parser.error(str(error))
    written = write(given.directory, settings)
    sys.stdout.write(f"{len(written)} files in {given.directory}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    default = Settings()
    parser = argparse.ArgumentParser(prog="python -m gatewayd.monitoring", description=__doc__)
    parser.add_argument("directory", type=Path, help="where to write them; made if missing, files replaced")
    parser.add_argument("--job", default=default.job, help="the scrape job of the gateways (%(default)s)")
    parser.add_argument(
        "--availability",
        type=_share,
        default=default.availability,
        metavar="PERCENT",
        help="of requests within 30 days that must not fail with 5xx (99.9)",
    )
    parser.add_argument(
        "--fast",
        type=_share,
        default=default.fast,
        metavar="PERCENT",
        help="of requests that must be answered within --latency (95)",
    )
    parser.add_argument(
        "--latency", type=float, default=default.latency, metavar="SECONDS", help="see --fast (%(default)s)"
    )
    parser.add_argument(
        "--runbooks", default=default.runbooks, metavar="URL", help="where docs/runbooks can be read (%(default)s)"
    )
    return parser


def _share(text: str) -> Decimal:
    """A percentage such as 99.9 or "99.9%" as a share."""
    try:
        return Decimal(text.strip().removesuffix("%")) / 100
    except InvalidOperation:
        raise argparse.ArgumentTypeError(f"{text!r} is no percentage; write one such as 99.9") from None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
