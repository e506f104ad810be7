"""What TLS is spoken by: contexts of the standard library's `ssl`, made from files, for clients and for services.

OpenSSL keeps the keys of session tickets in the context that a connection began with, and Python does not hand them
out. Every certificate of a listener therefore shares that of the first one, and a context that is made anew cannot
take up older sessions: their clients shake hands in full, and what was revoked meanwhile is noticed.
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from gatewayd.core.tls import CIPHERS
from gatewayd.core.tls.names import ServerNames

MinVersion = Literal["1.2", "1.3"]
ClientAuth = Literal["none", "optional", "required"]

_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
_CLIENT_AUTH = {"none": ssl.CERT_NONE, "optional": ssl.CERT_OPTIONAL, "required": ssl.CERT_REQUIRED}
_ALPN = ["http/1.1"]


class Contexts(Protocol):
    """Where the context is that is to be used now."""

    @property
    def context(self) -> ssl.SSLContext:
        """It."""


class NoTls(Exception):
    """A context cannot be made; the text says of which file, and why, and quotes none."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The files of a certificate with its chain and of its key, and the `names` it is for."""

    cert_file: str
    key_file: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """How clients are met. Who asks for no name gets the first of `pairs`, unless the names are `strict`."""

    pairs: Sequence[Pair]
    strict: bool = False
    min_version: MinVersion = "1.2"
    ciphers: str = CIPHERS
    client_auth: ClientAuth = "none"
    client_ca_file: str | None = None
    crl_file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSettings:
    """How a service is met: by `ca_file` or the system's certificates, if its own is verified at all."""

    verify: bool = True
    ca_file: str | None = None
    pair: Pair | None = None
    min_version: MinVersion = "1.2"
    ciphers: str = CIPHERS
    alpn: bool = True


def server_context(settings: ServerSettings) -> ssl.SSLContext:
    """What a listener's connections are served by. Raises `NoTls`."""
    contexts = [_server(settings, pair) for pair in settings.pairs]
    first = contexts[0]
    named = ServerNames((pair.names, context) for pair, context in zip(settings.pairs, contexts, strict=True))
    strict = settings.strict

    def choose(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> int | None:
        found = None if name is None else named.find(name)
        if found is None:
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME if strict else None
        if found is not first:
            connection.context = found
        return None

    if strict or len(contexts) > 1:
        first.sni_callback = choose
    return first


def _server(settings: ServerSettings, pair: Pair) -> ssl.SSLContext:
    """What one certificate is served by. All are alike but for that: a connection may change over to any of them."""
    context = _context(ssl.PROTOCOL_TLS_SERVER, settings.min_version, settings.ciphers)
    context.set_alpn_protocols(_ALPN)
    _load_pair(context, pair)
    context.verify_mode = _CLIENT_AUTH[settings.client_auth]
    if settings.client_ca_file is not None:
        _load_trusted(context, settings.client_ca_file)
    if settings.crl_file is not None:
        _load_trusted(context, settings.crl_file)
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    return context


def client_context(settings: ClientSettings) -> ssl.SSLContext:
    """What connections to a service are opened by. Raises `NoTls`."""
    context = _context(ssl.PROTOCOL_TLS_CLIENT, settings.min_version, settings.ciphers)
    if settings.alpn:
        context.set_alpn_protocols(_ALPN)
    if not settings.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif settings.ca_file is not None:
        _load_trusted(context, settings.ca_file)
    else:
        context.load_default_certs()
    if settings.pair is not None:
        _load_pair(context, settings.pair)
    return context


def _context(protocol: int, min_version: MinVersion, ciphers: str) -> ssl.SSLContext:
    """A context with what is the same for everybody."""
    context = ssl.SSLContext(protocol)
    context.minimum_version = _VERSIONS[min_version]
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    try:
        context.set_ciphers(ciphers)
    except ssl.SSLError:
        raise NoTls("no cipher that OpenSSL knows is in 'ciphers'") from None
    return context


def _load_pair(context: ssl.SSLContext, pair: Pair) -> None:
    """A certificate with its key."""

    def no_password() -> str:
        raise NoTls(f"{pair.key_file}: the key is encrypted")

    try:
        context.load_cert_chain(pair.cert_file, pair.key_file, no_password)
    except ssl.SSLError as error:
        mismatch = error.reason == "KEY_VALUES_MISMATCH"
        why = "the key is not that of the certificate" if mismatch else "no PEM, or bad PEM"
        raise NoTls(f"{pair.cert_file}, {pair.key_file}: {why}") from None
    except OSError as error:
        raise NoTls(f"{pair.cert_file}, {pair.key_file}: {(error.strerror or str(error)).lower()}") from None


def _load_trusted(context: ssl.SSLContext, path: str) -> None:
    """Certificates that are trusted, or a list of revoked ones."""
    try:
        context.load_verify_locations(path)
    except ssl.SSLError:
        raise NoTls(f"{path}: there is nothing in it that can be used, in PEM") from None
    except OSError as error:
        raise NoTls(f"{path}: {(error.strerror or str(error)).lower()}") from None
