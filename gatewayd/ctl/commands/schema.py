"""`gatewayctl schema`: the JSON Schema of the configuration, for editors."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from gatewayd.config.docs.schema import schema_text
from gatewayd.ctl.command import OK, Command
from gatewayd.ctl.terminal import Terminal


def _arrange(parser: ArgumentParser) -> None:
    """No arguments."""


def _run(arguments: Namespace, terminal: Terminal) -> int:
    terminal.say(schema_text().rstrip("\n"))
    return OK


COMMAND = Command("schema", "Print the JSON Schema of the configuration, for editors.", _arrange, _run)
