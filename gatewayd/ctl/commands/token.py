"""`gatewayctl token decode`: what a JSON Web Token says, without believing it."""

from __future__ import annotations

import base64
import binascii
import json
import sys
import time
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from typing import Any

from gatewayd.ctl.command import OK, Command, Failed
from gatewayd.ctl.terminal import Terminal

_TIMES = ("exp", "nbf", "iat", "auth_time")  # NumericDate, RFC 7519 section 2


def _arrange(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    decode = actions.add_parser("decode", help="show the header and the claims; the signature is not checked")
    decode.add_argument("token", nargs="?", default="-", help="the token; standard input if left out or '-'")
    decode.add_argument("--json", action="store_true", help="answer with JSON")


def _run(arguments: Namespace, terminal: Terminal) -> int:
    token = sys.stdin.read() if arguments.token == "-" else arguments.token
    header, claims = decode(token.strip().removeprefix("Bearer ").strip())
    if arguments.json:
        terminal.json({"header": header, "claims": claims, "signature_checked": False})
        return OK
    now = time.time()
    terminal.say(terminal.style("header", "bold"))
    terminal.pairs([(str(name), _shown(name, value, now)) for name, value in header.items()])
    terminal.say(terminal.style("claims", "bold"))
    terminal.pairs([(str(name), _shown(name, value, now)) for name, value in claims.items()])
    terminal.say(terminal.style("The signature was not checked: anybody can write such a token.", "yellow"))
    return OK


def decode(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The header and the claims of a token in JWS compact form (RFC 7515 section 3.1). Raises `Failed`."""
    parts = token.split(".")
    if len(parts) != 3:
        raise Failed(
            f"this is no JSON Web Token: it has {len(parts)} parts, not three with dots between",
            "tokens that are no JWTs can be asked about by introspection only",
        )
    return _object(parts[0], "header"), _object(parts[1], "claims")


def _object(part: str, what: str) -> dict[str, Any]:
    """A JSON object in base64url without padding."""
    try:
        value = json.loads(base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        raise Failed(f"the {what} of the token cannot be read: no JSON in base64url", "copy the whole token") from None
    if not isinstance(value, dict):
        raise Failed(f"the {what} of the token is no JSON object", "copy the whole token")
    return value


def _shown(name: str, value: Any, now: float) -> str:
    """A value as people read it: times with how long ago or ahead they are."""
    if name not in _TIMES or isinstance(value, bool) or not isinstance(value, int | float):
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    try:
        when = datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return f"{value} (no time that there is)"
    distance = _span(abs(value - now))
    return f"{value} ({when}, {f'{distance} ago' if value < now else f'in {distance}'})"


def _span(seconds: float) -> str:
    """A length of time in its largest unit."""
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} seconds"


COMMAND = Command("token", "Show what a JSON Web Token says.", _arrange, _run)
