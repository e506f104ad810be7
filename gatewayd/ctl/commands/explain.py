"""`gatewayctl explain METHOD URL`: which route takes a request, why no other does, and what holds for it there."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any
from urllib.parse import urlsplit

from gatewayd.config import Config, Route, load
from gatewayd.config.entries import entries_of
from gatewayd.core.matching import Explanation, Outcome, Verdict, build_table
from gatewayd.core.matching_candidate import Candidate
from gatewayd.core.messages import RequestHead
from gatewayd.core.reasons import Refused
from gatewayd.ctl import effective
from gatewayd.ctl.command import FAILED, OK, Command, Failed, config_argument, json_argument
from gatewayd.ctl.terminal import Terminal
from gatewayd.http.heads import parse_request_head


def _arrange(parser: ArgumentParser) -> None:
    config_argument(parser)
    json_argument(parser)
    parser.add_argument("method", help="such as GET")
    parser.add_argument("url", help="such as https://api.example.org/tickets/7?full=1, or a path alone")
    parser.add_argument(
        "-H", "--header", action="append", default=[], metavar="LINE", help="such as 'Accept: text/html'"
    )


def _run(arguments: Namespace, terminal: Terminal) -> int:
    config = load(arguments.config)
    head = _head(arguments.method, arguments.url, arguments.header)
    explanation = build_table(entries_of(config)).explain(head)
    winner = None if explanation.winner is None else explanation.winner.payload
    if arguments.json:
        terminal.json(_told(config, explanation, winner))
    else:
        _show(config, head, explanation, winner, terminal)
    return OK if winner is not None else FAILED


def _head(method: str, url: str, lines: list[str]) -> RequestHead:
    """The request as the gateway would take it. Raises `Failed` with its reason where it would not."""
    parts = urlsplit(url)
    target = parts._replace(scheme="", netloc="").geturl() or "/"
    host = parts.netloc or next((line[5:].strip() for line in lines if line.lower().startswith("host:")), "localhost")
    others = [line for line in lines if not line.lower().startswith("host:")]
    written = [f"{method} {target} HTTP/1.1", f"Host: {host}", *others]
    try:
        return parse_request_head("\r\n".join(written).encode())
    except Refused as refused:
        reason = refused.reason
        detail = refused.detail or reason.title
        raise Failed(f"the gateway refuses this with {reason.status} {reason.slug}: {detail}") from None


def _show(
    config: Config, head: RequestHead, found: Explanation[Candidate[Route]], winner: Route | None, terminal: Terminal
) -> None:
    """For people."""
    where = f"{head.authority.decode(errors='replace')}{head.target.decode('ascii')}"
    terminal.say(f"{terminal.style(head.method.decode('ascii'), 'bold')} {where}")
    if winner is None:
        methods = [verdict for verdict in found.verdicts if verdict.outcome is Outcome.METHOD]
        answer = "405 method-not-allowed" if methods else "404 no-route"
        terminal.say(terminal.style(f"No route takes it: {answer}.", "red"))
    else:
        terminal.say(f"{terminal.style('takes it', 'green')}  {winner.name}  {winner.path}")
        terminal.pairs(effective.settings(config, winner))
    others = [verdict for verdict in found.verdicts if verdict.outcome is not Outcome.TAKEN]
    if others:
        terminal.say(terminal.style("other routes of this host and path", "bold"))
        terminal.pairs([(verdict.candidate.name, _why(verdict)) for verdict in others])


def _why(verdict: Verdict[Candidate[Route]]) -> str:
    """Why a route does not take the request."""
    return f"{verdict.outcome.value}: {verdict.detail}" if verdict.detail else verdict.outcome.value


def _told(config: Config, found: Explanation[Candidate[Route]], winner: Route | None) -> dict[str, Any]:
    """For programs."""
    return {
        "route": None if winner is None else winner.name,
        "path": None if winner is None else winner.path,
        "settings": None if winner is None else dict(effective.settings(config, winner)),
        "verdicts": [
            {"route": verdict.candidate.name, "outcome": verdict.outcome.name.lower(), "detail": verdict.detail}
            for verdict in found.verdicts
        ],
    }


COMMAND = Command("explain", "Show which route takes a request, why, and what holds for it.", _arrange, _run)
