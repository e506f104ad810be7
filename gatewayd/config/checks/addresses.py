"""Sockets that cannot be open at the same time, and targets that are the gateway itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.address import Address
from gatewayd.config.models.listener import Listener
from gatewayd.config.models.metrics import Metrics
from gatewayd.config.models.root import Config
from gatewayd.config.problems import Problem
from gatewayd.config.source.nodes import ListNode, MapNode, Mark, Node, ScalarNode, complain

_ANY = ("0.0.0.0", "::")


class _Socket(NamedTuple):
    """What is to be opened: its address, what messages call it, and where it stands if it stands anywhere."""

    address: Address
    name: str
    mark: Mark | None


def check_clashes(sections: Mapping[str, MapNode | ListNode]) -> Iterator[Problem]:
    """A problem for each socket whose address another one takes."""
    sockets: list[_Socket] = []
    for socket in _sockets(sections):
        other = next((other for other in sockets if _clash(other.address, socket.address)), None)
        sockets.append(socket)
        if other is None:
            continue
        mark, rival = (socket.mark, other) if socket.mark is not None else (other.mark, socket)
        if mark is not None:
            where = f"in {rival.mark.seen_from(mark)}" if rival.mark is not None else "by default"
            yield mark.problem(f"this address is also that of {rival.name}, {where}", "choose another port")


def check_loops(config: Config, sections: Mapping[str, MapNode | ListNode]) -> Iterator[Problem]:
    """A warning for each target that is a listener of this gateway: requests could go round for ever."""
    listeners = [socket for socket in _sockets(sections) if socket.name != "the metrics port"]
    for name, service in config.services.items():
        for index, target in enumerate(service.targets):
            for listener in listeners:
                if _clash(listener.address, target.address):
                    complaint = Complaint(
                        f"this target is {listener.name} of the gateway itself",
                        "point the target at the service, or make sure no route leads back here",
                    )
                    yield complain(sections["services"], complaint, (name, "targets", index))


def _sockets(sections: Mapping[str, MapNode | ListNode]) -> Iterator[_Socket]:
    """Every socket with an address that can be read, defaults included."""
    listeners = sections.get("listeners")
    nodes = listeners.items if isinstance(listeners, ListNode) else (None,)
    for node in nodes:
        name = node.text("name") if isinstance(node, MapNode) else None
        yield from _socket(node, f"the listener {name or Listener().name!r}", Listener().address)
    metrics = sections.get("metrics")
    enabled = metrics.entries.get("enabled") if isinstance(metrics, MapNode) else None
    if not isinstance(enabled, ScalarNode) or enabled.value is not False:
        yield from _socket(metrics, "the metrics port", Metrics().address)


def _socket(node: Node | None, name: str, default: Address) -> Iterator[_Socket]:
    """The socket that `node` configures; none if its address cannot be read."""
    if not isinstance(node, MapNode) or "address" not in node.entries:
        yield _Socket(default, name, node.mark if node is not None else None)
        return
    try:
        address = Address.parse(node.text("address") or "")
    except Complaint:
        return
    yield _Socket(address, name, node.entries["address"].mark)


def _clash(one: Address, other: Address) -> bool:
    """Whether two sockets cannot be open at once: same port of one family, and one host or any host."""
    if one.kind != other.kind:
        return False
    if one.kind == "unix":
        return one.path == other.path
    if one.port != other.port or not one.port or _is_ipv6(one) != _is_ipv6(other):
        return False
    hosts = {"127.0.0.1" if address.host == "localhost" else address.host for address in (one, other)}
    return len(hosts) == 1 or not hosts.isdisjoint(_ANY)


def _is_ipv6(address: Address) -> bool:
    """Whether the host is an IPv6 address; systems keep `::` apart from IPv4 where asyncio opens it."""
    return ":" in address.host
