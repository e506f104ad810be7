"""Runs `gatewayctl` in this process and keeps what it says."""

import io
from collections.abc import Mapping
from dataclasses import dataclass

from gatewayd.ctl.main import run
from gatewayd.ctl.terminal import Terminal


@dataclass(frozen=True)
class Answer:
    """An exit code, and what was written to each stream."""

    code: int
    out: str
    err: str


class Screen(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def ask(*arguments: object, screen: bool = False, environ: Mapping[str, str] | None = None) -> Answer:
    """One command line; with `screen` both streams are terminals."""
    out, err = (Screen(), Screen()) if screen else (io.StringIO(), io.StringIO())
    code = run([str(argument) for argument in arguments], Terminal(out, err, environ or {}))
    return Answer(code, out.getvalue(), err.getvalue())
