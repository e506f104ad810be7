"""The content of a file of API keys or tenants: YAML or JSON, judged as the same lists in the configuration are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Self

from pydantic import Field, model_validator

from gatewayd.config.checks.networks import check_tenant_networks
from gatewayd.config.checks.ratelimits import check_own_limits
from gatewayd.config.checks.validate import validate
from gatewayd.config.complaint import Complaint
from gatewayd.config.models.apikeys import ApiKeyEntry
from gatewayd.config.models.section import Section
from gatewayd.config.models.tenants import TenantEntry, Tenants
from gatewayd.config.problems import ConfigErrors, Problem
from gatewayd.config.source.covers import cover
from gatewayd.config.source.nodes import ListNode, MapNode, Node, ScalarNode, find
from gatewayd.config.source.reader import read_any
from gatewayd.core.apikeys import ApiKey


class _Keys(Section):
    """API keys as the configuration has them."""

    keys: tuple[ApiKeyEntry, ...] = Field(description="Keys.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        """No key twice."""
        seen: set[str] = set()
        for index, entry in enumerate(self.keys):
            if entry.id in seen:
                raise Complaint("{value} is listed twice", "list each key once", at=("keys", index, "id"))
            seen.add(entry.id)
        return self


def read_api_keys(
    name: str, content: bytes, limits: Mapping[str, bool] = MappingProxyType({}), doubts: list[Problem] | None = None
) -> tuple[ApiKey, ...]:
    """The API keys in the content of the file `name`, a list as `authentication.api_keys.keys`.

    Limits that they name and that are not in `limits`, or have no numbers there, go to `doubts`: they do nothing.
    Raises `ConfigErrors`, for an empty file as well: no keys are `[]`.
    """
    problems: list[Problem] = []
    node = _below("keys", _Keys, name, content, "[]", problems)
    keys = validate(node, _Keys, "keys", problems)
    if problems or keys is None:
        raise ConfigErrors(problems)
    listed = find(node, ("keys",))
    _doubt(listed.items if isinstance(listed, ListNode) else (), limits, doubts)
    return tuple(entry.key for entry in keys.keys)


def read_tenants(
    name: str, content: bytes, limits: Mapping[str, bool] = MappingProxyType({}), doubts: list[Problem] | None = None
) -> Mapping[str, TenantEntry]:
    """The tenants in the content of the file `name`, a mapping as `tenants.table`; see `read_api_keys`.

    Raises `ConfigErrors`, for an empty file as well: no tenants are `{}`.
    """
    problems: list[Problem] = []
    node = _below("table", Tenants, name, content, "{}", problems)
    tenants = validate(node, Tenants, "tenants", problems)
    problems += check_tenant_networks(node)
    if problems or tenants is None:
        raise ConfigErrors(problems)
    listed = find(node, ("table",))
    _doubt(listed.entries.values() if isinstance(listed, MapNode) else (), limits, doubts)
    return tenants.table


def _doubt(owners: Iterable[Node], limits: Mapping[str, bool], doubts: list[Problem] | None) -> None:
    """Note the limits that do nothing, if anybody wants to know."""
    if doubts is not None:
        doubts += (doubt for owner in owners for doubt in check_own_limits(owner, limits))


def _below(key: str, section: type[Section], name: str, content: bytes, none: str, problems: list[Problem]) -> Node:
    """A `section` with what the file holds as the value of `key`. Raises `ConfigErrors` where it holds nothing."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigErrors([Problem(name, line, 1, "a byte is not UTF-8", "save the file in UTF-8")]) from error
    node, found = read_any(name, text)
    problems += found
    if node is None:
        raise ConfigErrors(problems)
    if isinstance(node, ScalarNode) and node.value is None:
        raise ConfigErrors([Problem(name, 0, 0, "it is empty", f"write {none} if there are none")])
    whole = MapNode(node.mark, {key: node}, {key: node.mark})
    cover(whole, section, problems)
    return whole
