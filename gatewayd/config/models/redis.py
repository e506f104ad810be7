"""The section `redis`: what several gateways share."""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, PlainSerializer, PlainValidator, SecretStr, WithJsonSchema, model_validator

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.address import Address
from gatewayd.config.models.callers import FilePath
from gatewayd.config.models.names import Origin
from gatewayd.config.models.section import Section, count
from gatewayd.config.models.values import Duration, Kind, proves

_PREFIX = re.compile(r"[A-Za-z0-9:._-]{0,64}")
_PORT, _SENTINEL_PORT = 6379, 26379


def _server(port: int) -> PlainValidator:
    """A validator of the address of a server, on `port` if it names none."""

    def validate(value: object) -> Address:
        if isinstance(value, Address):
            return value
        if not isinstance(value, str):
            raise Complaint("must be an address", f"write it as 127.0.0.1:{port}, or unix:/path")
        if value.startswith(("redis://", "rediss://")):
            raise Complaint("this is a URL, which would show a password", "write host:port, and 'password_file' beside")
        address = Address.parse(value, default_port=port)
        if address.kind == "tcp" and not address.port:
            raise Complaint("{value} has port 0", f"name the port the server listens on, or leave it out for {port}")
        return address

    return PlainValidator(validate)


def _prefix(text: str) -> str:
    """What keys begin with; braces would decide where a cluster keeps them."""
    if _PREFIX.fullmatch(text) is None:
        raise Complaint("{value} cannot begin a key", "use letters, digits, ':', '.', '_' and '-', at most 64")
    return text


_password = proves("the password", "write the one that the server asks for, or remove it if that asks for none")
_SCHEMA = WithJsonSchema({"type": "string"})
_Server = Annotated[Address, _server(_PORT), _SCHEMA, PlainSerializer(str), Kind("address")]
_Watcher = Annotated[Address, _server(_SENTINEL_PORT), _SCHEMA, PlainSerializer(str), Kind("address", "addresses")]


class RedisTls(Section):
    """Talks TLS to Redis, and verifies whom it talks to."""

    ca_file: FilePath | None = Field(default=None, description="PEM certificates to trust, instead of the system's.")
    server_name: Origin | None = Field(
        default=None, description="The name its certificate must have; that of the address if left out."
    )


class RedisSentinel(Section):
    """Asks Sentinels which server is the master, and follows it."""

    master: str = Field(min_length=1, description="What they call the master.")
    addresses: tuple[_Watcher, ...] = Field(min_length=1, description="Where they answer; port 26379 if left out.")
    password: Annotated[SecretStr | None, _password] = Field(default=None, description="Their own password.")


class Redis(Section):
    """The Redis that several gateways share. Without it each keeps to itself, in memory."""

    address: _Server = Field(
        default=Address("tcp", "127.0.0.1", _PORT),
        description="`host:port`, `[v6]:port` or `unix:/path`; port 6379 if left out.",
    )
    username: str | None = Field(default=None, min_length=1, description="Whom Redis takes the gateway for.")
    password: Annotated[SecretStr | None, _password] = Field(default=None, description="The password there.")
    database: int = count(0, "The number of the database.", least=0, most=65_535)
    prefix: Annotated[str, AfterValidator(_prefix)] = Field(default="gw:", description="What every key begins with.")
    tls: RedisTls | None = Field(default=None, description="Talks TLS; `{}` trusts the system's certificates.")
    sentinel: RedisSentinel | None = Field(default=None, description="Instead of `address`: asks who is the master.")
    connections: int = count(4, "Connections of each process.", most=256)
    timeout: Duration = Field(default=0.05, description="How long an answer may take before it is done without.")
    waiters: int = count(1000, "Calls on their way at a time; beyond it they are done without.", most=100_000)
    connect_timeout: Duration = Field(default=2.0, description="How long a connection may take to open.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        """What its values must agree on."""
        if self.username is not None and self.password is None:
            raise Complaint("a username without a password proves nothing", "add 'password_file'", at=("username",))
        if self.tls is not None and self.sentinel is None and self.address.kind == "unix":
            raise Complaint("a unix socket has no TLS", "remove it", at=("tls",), on_key=True)
        return self
