"""What one service's keys must agree on, judged before and apart from its model so that no fault hides another."""

from __future__ import annotations

from collections.abc import Iterator

from gatewayd.config.checks.choices import exactly_one
from gatewayd.config.models.discovery import Discovery
from gatewayd.config.models.service import PLACES
from gatewayd.config.problems import Problem
from gatewayd.config.source.nodes import ListNode, MapNode, Mark, Node, ScalarNode

_EXAMPLE = '["http://127.0.0.1:9000"]'
_OF_REQUESTS = ("method", "statuses", "body", "host")  # keys of health checks that ask for something


def check_service(node: MapNode, mark: Mark) -> Iterator[Problem]:
    """Everything wrong with how the keys of a service go together; its name stands at `mark`."""
    yield from exactly_one(
        node, PLACES, mark, "the service has no target", f"add 'targets', such as {_EXAMPLE}, or 'discovery'"
    )
    targets = node.entries.get("targets")
    if isinstance(targets, ListNode) and not targets.items:
        yield targets.mark.problem("the service has no target", f"list at least one, such as {_EXAMPLE}")
    discovery = node.entries.get("discovery")
    if isinstance(discovery, MapNode):
        ways = tuple(Discovery.model_fields)
        hint = "add 'dns' or 'file'"
        yield from exactly_one(discovery, ways, node.keys["discovery"], "nothing says where to find targets", hint)
        yield from _check_dns(discovery.entries.get("dns"))
    yield from _check_breaker(node.entries.get("breaker"))
    yield from _check_balance(node.entries.get("balance"))
    yield from _check_health(node.entries.get("health"), targets)
    yield from _check_concurrency(node.entries.get("concurrency"))


def _check_dns(node: Node | None) -> Iterator[Problem]:
    """Addresses need a port, and SRV records bring theirs."""
    if not isinstance(node, MapNode) or "name" not in node.keys:
        return
    if node.text("record") == "srv":
        if "port" in node.keys:
            hint = "remove it, or look up addresses with 'record: a'"
            yield node.keys["port"].problem("SRV records tell the port themselves", hint)
    elif "port" not in node.keys:
        yield node.keys["name"].problem("the targets have no port", "add 'port', or look up 'record: srv'")


def _check_breaker(node: Node | None) -> Iterator[Problem]:
    """A rate of slow calls, and what is slow."""
    if not isinstance(node, MapNode):
        return
    rate, after = (key in node.keys and node.text(key) != "off" for key in ("slow_rate", "slow_after"))
    if rate and not after:
        yield node.keys["slow_rate"].problem("nothing says what is slow", "add 'slow_after', such as 2s")


def _check_balance(node: Node | None) -> Iterator[Problem]:
    """Keys are for hashing, and hashing needs one."""
    if not isinstance(node, MapNode):
        return
    if node.text("policy") == "hash":
        if "key" not in node.keys:
            hint = "add 'key': client, tenant, header:NAME or cookie:NAME"
            yield node.keys["policy"].problem("nothing says what to hash", hint)
        return
    for key in ("key", "bounded_load"):
        if key in node.keys:
            hint = "remove it, or write 'policy: hash'"
            yield node.keys[key].problem(f"{key!r} works with the policy 'hash' only", hint)


def _check_health(node: Node | None, targets: Node | None) -> Iterator[Problem]:
    """What is asked for must be there to be judged, and another port is for targets that have one."""
    if not isinstance(node, MapNode):
        return
    if node.text("path") == "off":
        for key in _OF_REQUESTS:
            if key in node.keys:
                hint = "remove it, or ask for a path"
                yield node.keys[key].problem(f"a check that only connects has no {key!r}", hint)
    elif node.text("method") == "HEAD" and "body" in node.keys:
        yield node.keys["body"].problem("the answer to HEAD has no body", "remove it, or use 'method: GET'")
    if "port" in node.keys and isinstance(targets, ListNode) and any(map(_is_unix, targets.items)):
        yield node.keys["port"].problem("a unix socket has no other port", "remove it, or check such targets apart")


def _is_unix(target: Node) -> bool:
    """Whether a target is a unix socket."""
    url = target.text("url") if isinstance(target, MapNode) else target.value if isinstance(target, ScalarNode) else ""
    return isinstance(url, str) and url.startswith("unix:")


def _check_concurrency(node: Node | None) -> Iterator[Problem]:
    """One limit, and no queue without any."""
    if not isinstance(node, MapNode):
        return
    limited = "most" in node.keys and node.text("most") != "unlimited"
    if limited and "adaptive" in node.keys:
        message = "'most' and 'adaptive' exclude each other"
        yield node.keys["most"].problem(message, "write it as 'most' of 'adaptive'")
    if not limited and "adaptive" not in node.keys:
        for key in ("queue", "wait", "order"):
            if key in node.keys:
                hint = "add 'most' or 'adaptive', or remove it"
                yield node.keys[key].problem(f"without a limit nothing waits, so {key!r} does nothing", hint)
