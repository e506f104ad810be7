"""The section `dns`: who is asked for names."""

from __future__ import annotations

import ipaddress
from typing import Annotated

from pydantic import Field, PlainSerializer, PlainValidator, WithJsonSchema

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.address import Address
from gatewayd.config.models.section import Section
from gatewayd.config.models.values import Duration, Kind

_PORT = 53


def _is_ip(text: str) -> bool:
    """Whether `text` is an IP address alone."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _server(value: object) -> Address:
    """The address of a server, port 53 if it names none."""
    if isinstance(value, Address):
        return value
    if not isinstance(value, str):
        raise Complaint("must be an address", "write it as 10.0.0.53 or 10.0.0.53:5353")
    if _is_ip(value):
        return Address("tcp", str(ipaddress.ip_address(value)), _PORT)
    address = Address.parse(value, default_port=_PORT)
    if not _is_ip(address.host):
        raise Complaint("{value} is not the address of a server", "write it as 10.0.0.53 or [fd00::53]:5353")
    if not address.port:
        raise Complaint("{value} has port 0", "name the port the server listens on, or leave it out for 53")
    return address


Server = Annotated[
    Address,
    PlainValidator(_server),
    WithJsonSchema({"type": "string"}),
    PlainSerializer(str),
    Kind("address", "addresses"),
]


class Dns(Section):
    """Who is asked for the names that services are found by, and how long the gateway waits."""

    servers: tuple[Server, ...] = Field(
        default=(), description="`address` or `address:port`, port 53 if left out; empty is the system's."
    )
    timeout: Duration = Field(default=2.0, description="How long one server has for an answer.")
