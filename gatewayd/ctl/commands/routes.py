"""`gatewayctl routes`: every route, in the order in which they are tried."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from gatewayd.config import load
from gatewayd.config.entries import entries_of
from gatewayd.core.matching import build_table
from gatewayd.ctl import effective
from gatewayd.ctl.command import OK, Command, config_argument, json_argument
from gatewayd.ctl.terminal import Terminal


def _arrange(parser: ArgumentParser) -> None:
    config_argument(parser)
    json_argument(parser)


def _run(arguments: Namespace, terminal: Terminal) -> int:
    config = load(arguments.config)
    table = build_table(entries_of(config))
    rows = [
        {
            "host": host,
            "methods": "any" if route.methods is None else " ".join(route.methods),
            "path": route.path,
            "name": route.name,
            "goes to": effective.goes_to(route),
            "access": effective.access(config, route),
            "limits": " ".join(use.name for use in effective.limit_uses(config, route)),
        }
        for route in (candidate.payload for candidate in table.candidates)
        for host in route.hosts or ("any",)
    ]
    if arguments.json:
        terminal.json(rows)
        return OK
    if not rows:
        terminal.say("There are no routes: every request is answered 404.")
        return OK
    terminal.table([*rows[0]], [[*row.values()] for row in rows])
    return OK


COMMAND = Command("routes", "List the routes, in the order in which they are tried.", _arrange, _run)
