"""The entry point of `gatewayctl`: which command, and what becomes of its failures."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from collections.abc import Sequence

from gatewayd import __version__
from gatewayd.config import ConfigErrors, report
from gatewayd.ctl.command import EX_CONFIG, FAILED, Command, Failed
from gatewayd.ctl.commands import check, completion, explain, keys, routes, schema, token
from gatewayd.ctl.terminal import Terminal

COMMANDS: tuple[Command, ...] = (
    check.COMMAND,
    explain.COMMAND,
    routes.COMMAND,
    token.COMMAND,
    keys.COMMAND,
    schema.COMMAND,
    completion.COMMAND,
)


def build_parser(commands: Sequence[Command] = COMMANDS) -> ArgumentParser:
    """The parser of the whole command line; `completion` reads from it what there is to complete."""
    parser = ArgumentParser(prog="gatewayctl", description="Ask and tell gatewayd, the API gateway.")
    parser.add_argument("--version", action="version", version=f"gatewayctl {__version__}")
    parsers = parser.add_subparsers(metavar="COMMAND", dest="command", required=True)
    for command in commands:
        own = parsers.add_parser(command.name, help=command.summary, description=command.summary)
        command.arrange(own)
        own.set_defaults(run=command.run)
    return parser


def run(arguments: Sequence[str], terminal: Terminal) -> int:
    """Run one command line and answer its exit code; argparse itself exits for wrong usage (2) and for help (0)."""
    chosen = build_parser().parse_args(arguments)
    try:
        code: int = chosen.run(chosen, terminal)
    except ConfigErrors as errors:
        terminal.report(report(errors.problems, color=terminal.err_color))
        return EX_CONFIG
    except Failed as failed:
        terminal.complain(failed.cause, failed.hint)
        return FAILED
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        terminal.complain(f"{place}{error.strerror or error}", "check the path and its permissions")
        return FAILED
    return code


def main() -> None:
    """The console script."""
    try:
        code = run(sys.argv[1:], Terminal(sys.stdout, sys.stderr, os.environ))
        sys.stdout.flush()
    except BrokenPipeError:  # `| head` has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code)


if __name__ == "__main__":
    main()
