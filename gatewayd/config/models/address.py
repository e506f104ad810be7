"""Where a socket is: the addresses of listeners, of the metrics port and of a service's targets."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from gatewayd.config.complaint import Complaint, suggestion

HEAVIEST = 1000  # of weights: one in a thousand is as fine as a canary gets
LAST_PRIORITY = 9
LONGEST_UNIX_PATH = 107  # sun_path of unix(7) is 108 bytes and ends with a NUL

_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
HOST_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*")


@dataclass(frozen=True, slots=True)
class Address:
    """A TCP address (`host`, `port`; the host of an IPv6 address has no brackets) or the `path` of a unix socket."""

    kind: Literal["tcp", "unix"]
    host: str = ""
    port: int = 0
    path: str = ""

    def __str__(self) -> str:
        """The text `parse` accepts: `host:port`, `[v6]:port` or `unix:/path`."""
        if self.kind == "unix":
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def parse(cls, text: str, default_port: int | None = None) -> Address:
        """The address in `text`; without `default_port` a TCP address must name its port. Raises `Complaint`."""
        if text.startswith("unix:"):
            return cls(kind="unix", path=_unix_path(text.removeprefix("unix:")))
        host, colon, port = text.rpartition(":")
        if text.endswith("]") or not colon:
            host, port = text, ""
        if host.startswith("[") and host.endswith("]"):
            return cls("tcp", _ipv6(host[1:-1]), _port(port, text, default_port))
        if ":" in host:
            raise Complaint("{value} is ambiguous", "put an IPv6 address in brackets: [::1]:8080")
        if not host:
            raise Complaint("{value} names no host", f"write 0.0.0.0:{port or 8080} for every address of this machine")
        if not colon and host.isdecimal():
            raise Complaint("{value} names no host", f"write 127.0.0.1:{host}")
        return cls("tcp", _host(host), _port(port, text, default_port))


def _unix_path(path: str) -> str:
    """`path`, if a unix socket can have it."""
    if not path.startswith("/"):
        raise Complaint("{value} is not absolute", "write unix:/ and so on, a path from the root")
    if "\0" in path or len(path.encode()) > LONGEST_UNIX_PATH:
        raise Complaint("{value} is longer than a socket's path can be", f"use at most {LONGEST_UNIX_PATH} bytes")
    return path


def _ipv6(text: str) -> str:
    """The canonical text of an IPv6 address; a zone ("%eth0") is kept."""
    try:
        return str(ipaddress.IPv6Address(text))
    except ValueError as error:
        raise Complaint("{value} holds no valid IPv6 address", "write it as [::1]:8080") from error


def _host(host: str) -> str:
    """A host name or IPv4 address in lower case."""
    if re.fullmatch(r"[0-9.]+", host):
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError as error:
            raise Complaint("{value} holds no valid IPv4 address", "write four numbers from 0 to 255") from error
    if HOST_NAME.fullmatch(host) is None:
        raise Complaint("{value} holds no valid host name", "use letters, digits, '-' and '.', or an IP address")
    return host.lower()


def _port(port: str, text: str, default_port: int | None) -> int:
    """The port number in `port`, which is empty where `text` names none."""
    if not port:
        if default_port is None:
            raise Complaint("{value} names no port", "add one, such as 127.0.0.1:8080")
        return default_port
    if not (port.isascii() and port.isdecimal() and len(port) <= 5 and int(port) <= 65535):
        raise Complaint("{value} names no valid port", "ports go from 0 to 65535", offset=len(text) - len(port))
    return int(port)


@dataclass(frozen=True, slots=True)
class Target:
    """One place where a service answers: `url` as written, its address, and the Host it is called by.

    `weight` is its share among its like, 1 to 1000. Of all `priority` groups, 0 to 9, the lowest that can answer is
    asked. It is met by TLS if it is `secure`.
    """

    url: str
    address: Address
    authority: bytes
    weight: int = 1
    priority: int = 0
    secure: bool = False

    def __str__(self) -> str:
        """The text `parse` accepts."""
        return self.url

    @classmethod
    def read(cls, value: object) -> Target:
        """The target that `value` is: text for `parse`, or a mapping of `url`, `weight` and `priority`.

        Raises `Complaint`.
        """
        if isinstance(value, str):
            return cls.parse(value)
        if not isinstance(value, Mapping):
            raise Complaint("must be a target", "write it as http://host:port or unix:/path")
        for key in value:
            if key not in _TARGET_KEYS:
                raise Complaint(f"unknown key {key!r}", suggestion(str(key), _TARGET_KEYS), at=(key,), on_key=True)
        url = value.get("url")
        if not isinstance(url, str):
            raise Complaint("the target has no 'url'", "write it as http://host:port or unix:/path", at=("url",))
        try:
            target = cls.parse(url)
        except Complaint as complaint:
            complaint.at = ("url",)
            raise
        if len(value) == 1:
            return target
        weight = _whole(value, "weight", 1, HEAVIEST)
        return replace(target, weight=weight, priority=_whole(value, "priority", 0, LAST_PRIORITY))

    @classmethod
    def parse(cls, text: str) -> Target:
        """The target in `text`: `http://host:port`, `https://host:port` or `unix:/path`. Raises `Complaint`.

        Ports 80 and 443 may be left out.
        A unix socket is called by the Host `localhost`.
        """
        if text.startswith("unix:"):
            return cls(text, Address.parse(text), b"localhost")
        scheme, separator, rest = text.partition("://")
        if not separator:
            raise Complaint("{value} is not a target", "write http://host:port or unix:/path")
        if scheme.lower() not in ("http", "https"):
            raise Complaint("{value} has an unknown scheme", "write http://host:port, https://host:port or unix:/path")
        secure = scheme.lower() == "https"
        if "@" in rest:
            raise Complaint("a target cannot hold a user or password", "set an Authorization header on the route")
        end = min((rest.find(mark) for mark in "/?#" if mark in rest), default=len(rest))
        if end < len(rest):
            hint = "end it after the port; a route's rewrite and strip_prefix shape the path"
            raise Complaint("{value} goes on after the port", hint, offset=len(text) - len(rest) + end)
        if not rest or rest.startswith(":"):
            raise Complaint("{value} names no host", "write http://host:port")
        usual = 443 if secure else 80
        address = Address.parse(rest, default_port=usual)
        if address.port == 0:
            raise Complaint("{value} has port 0", "a target needs the port the service listens on")
        authority = str(address).removesuffix(f":{usual}") if address.port == usual else str(address)
        return cls(text, address, authority.encode("ascii"), secure=secure)


_TARGET_KEYS = ("url", "weight", "priority")


def _whole(mapping: Mapping[str, object], key: str, least: int, most: int) -> int:
    """The number from `least` to `most` that `mapping` has for `key`, or the default of `Target`."""
    value = mapping.get(key, Target.__dataclass_fields__[key].default)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise Complaint(f"{{value}} cannot be a {key}", f"write a whole number from {least} to {most}", at=(key,))
    return value
