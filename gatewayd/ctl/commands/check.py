"""`gatewayctl check`: everything that is wrong with a configuration, at once."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from gatewayd.config import ConfigErrors, Problem, load_with_warnings
from gatewayd.config.problems import render, report
from gatewayd.ctl.command import EX_CONFIG, OK, SHIPPED, Command
from gatewayd.ctl.terminal import Terminal


def _arrange(parser: ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", type=Path, default=SHIPPED, help="the configuration (default: %(default)s)")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="for people or for programs")


def _run(arguments: Namespace, terminal: Terminal) -> int:
    as_json = arguments.format == "json"
    try:
        config, warnings = load_with_warnings(arguments.file)
    except ConfigErrors as errors:
        if as_json:
            terminal.json({"ok": False, "errors": [*map(_told, errors.problems)], "warnings": []})
        else:
            terminal.report(report(errors.problems, color=terminal.err_color))
        return EX_CONFIG
    if as_json:
        counts = {"routes": len(config.routes), "services": len(config.services)}
        terminal.json({"ok": True, "errors": [], "warnings": [*map(_told, warnings)], **counts})
        return OK
    for warning in warnings:
        terminal.say(render(warning, terminal.color) + "\n")
    verdict = terminal.style("no errors", "green")
    terminal.say(f"{arguments.file}: {len(config.routes)} routes to {len(config.services)} services, {verdict}")
    return OK


def _told(problem: Problem) -> dict[str, Any]:
    """A problem for programs, without the line itself: it may hold what the report has masked."""
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
        "hint": problem.hint,
    }


COMMAND = Command("check", "Check a configuration: every error at once, exit 0 or 78.", _arrange, _run)
