"""`gatewayctl keys`: make an API key, hash one, or make a key pair for JSON Web Tokens."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

import jwt.algorithms
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gatewayd.core.apikeys import LONGEST_PEPPER, RANDOM_BYTES, SHORTEST_PEPPER, BadKey, hash_key, make_key, parse_key
from gatewayd.ctl.command import OK, Command, Failed
from gatewayd.ctl.terminal import Terminal

_RSA_BITS = 3072  # as strong as 128 bits (NIST SP 800-57 part 1, table 2)


def _arrange(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="ACTION", required=True, dest="action")
    for action, text in (("new", "make an API key, and its entry"), ("hash", "the entry of an API key from stdin")):
        one = actions.add_parser(action, help=text)
        one.add_argument("--pepper-file", type=Path, required=True, metavar="FILE", help="as api_keys.pepper_file")
        one.add_argument("--json", action="store_true", help="answer with JSON")
    pair = actions.add_parser("pair", help="make a key pair to sign JSON Web Tokens with")
    pair.add_argument("--algorithm", choices=tuple(_MAKERS), default="ES256")
    pair.add_argument("--id", default="key-1", metavar="KID", help="its `kid` (default: %(default)s)")
    pair.add_argument("--out", type=Path, required=True, metavar="FILE", help="where the private key goes; a new file")


def _run(arguments: Namespace, terminal: Terminal) -> int:
    if arguments.action == "pair":
        return _pair(arguments, terminal)
    pepper = _pepper(arguments.pepper_file)
    key = make_key(os.urandom(RANDOM_BYTES)) if arguments.action == "new" else sys.stdin.read().strip()
    try:
        entry = {"id": parse_key(key.encode()), "hash": hash_key(key.encode(), pepper)}
    except BadKey:
        raise Failed("what stands on standard input is no API key", "a key begins with gw_; copy all of it") from None
    if arguments.json:
        terminal.json({"key": key, **entry} if arguments.action == "new" else entry)
        return OK
    if arguments.action == "new":
        terminal.say(f"{terminal.style('key', 'bold')}   {key}")
        terminal.say(terminal.style("Give it to its owner: it cannot be shown again.", "yellow"))
    terminal.say(terminal.style("for authentication.api_keys.keys, or the file of keys:", "dim"))
    terminal.say(f'  - id: {entry["id"]}\n    hash: "{entry["hash"]}"')
    return OK


def _pepper(path: Path) -> bytes:
    """The pepper in a file, without the line end that editors add. Its text is never shown."""
    pepper = path.read_bytes().rstrip(b"\r\n")
    if not SHORTEST_PEPPER <= len(pepper) <= LONGEST_PEPPER:
        raise Failed(
            f"{path}: a pepper has {SHORTEST_PEPPER} to {LONGEST_PEPPER} bytes, this one {len(pepper)}",
            "make one with: openssl rand -hex 24",
        )
    return pepper


def _rsa() -> tuple[Any, dict[str, Any]]:
    key = rsa.generate_private_key(65537, _RSA_BITS)
    return key, jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)


def _p256() -> tuple[Any, dict[str, Any]]:
    key = ec.generate_private_key(ec.SECP256R1())
    return key, jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)


def _ed25519() -> tuple[Any, dict[str, Any]]:
    key = ed25519.Ed25519PrivateKey.generate()
    return key, jwt.algorithms.OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)


_MAKERS = {"ES256": _p256, "RS256": _rsa, "EdDSA": _ed25519}


def _pair(arguments: Namespace, terminal: Terminal) -> int:
    """The private key goes to a new file that only its owner reads, the public one as a JWK Set to the terminal."""
    key, public = _MAKERS[arguments.algorithm]()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        descriptor = os.open(arguments.out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Failed(f"{arguments.out} exists already", "name a new file: a key is never overwritten") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
    public = {name: value for name, value in public.items() if name != "key_ops"}
    jwks = {"keys": [{**public, "kid": arguments.id, "alg": arguments.algorithm, "use": "sig"}]}
    terminal.say(json.dumps(jwks, indent=2))
    return OK


COMMAND = Command("keys", "Make or hash an API key, or make a key pair for tokens.", _arrange, _run)
