"""Where Redis is, and what it may cost to ask it."""

from __future__ import annotations

from dataclasses import dataclass, field

from gatewayd.config.models.address import Address


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """Whose certificates are believed, and for which name they must be.

    `ca_file` is a PEM file (empty: what the system believes), `server_name` the name (empty: the host's own).
    """

    ca_file: str = ""
    server_name: str = ""


@dataclass(frozen=True, slots=True)
class SentinelSettings:
    """The Sentinels at `addresses` know where the master called `master` is."""

    master: str
    addresses: tuple[Address, ...]
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How Redis is reached and used; times in seconds.

    With `sentinel` the `address` is not used. Every key begins with `prefix`. `timeout` bounds a call, `waiters` the
    calls under way at once, and `connect_timeout` the making of a connection, up to its first answer; a connection on
    which nothing comes for as long is given up.
    """

    address: Address = field(default=Address("tcp", "127.0.0.1", 6379))  # it is frozen
    sentinel: SentinelSettings | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    database: int = 0
    prefix: bytes = b"gw:"
    tls: TlsSettings | None = None
    connections: int = 4
    timeout: float = 0.05
    waiters: int = 1000
    connect_timeout: float = 2.0
