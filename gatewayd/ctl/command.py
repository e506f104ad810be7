"""What every command of `gatewayctl` has in common: its arguments, where it writes, and how it fails."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gatewayd.ctl.terminal import Terminal

OK, FAILED, USAGE, EX_CONFIG = 0, 1, 2, 78  # exit codes; the last is sysexits.h's for a bad configuration
SHIPPED = Path("/etc/gatewayd/gateway.yaml")


class Failed(Exception):
    """A command that cannot do what was asked: the cause, and one next step."""

    def __init__(self, cause: str, hint: str = "") -> None:
        super().__init__(cause)
        self.cause = cause
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Command:
    """One command. `arrange` declares its arguments; `run` does it, writes to the terminal and answers the exit code.

    `run` may raise `Failed`, `ConfigErrors`, and OSError for a file that cannot be read.
    """

    name: str
    summary: str
    arrange: Callable[[ArgumentParser], None]
    run: Callable[[Namespace, Terminal], int]


def config_argument(parser: ArgumentParser) -> None:
    """Declare `--config`, the configuration that a command reads."""
    parser.add_argument(
        "-c", "--config", type=Path, default=SHIPPED, metavar="FILE", help="the configuration (default: %(default)s)"
    )


def json_argument(parser: ArgumentParser) -> None:
    """Declare `--json`, for programs that read the answer."""
    parser.add_argument("--json", action="store_true", help="answer with JSON")
