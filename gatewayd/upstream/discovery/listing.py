"""The content of a file of targets: YAML or JSON, a list as `services.NAME.targets` has it."""

from __future__ import annotations

from typing import Any

import yaml

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.address import Target
from gatewayd.config.source.scalars import resolve
from gatewayd.core.membership import Found

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml also takes the tabs that JSON may be indented by

_LONGEST = 300  # characters of a complaint: what it quotes may be as long as the file, and it goes to the log


class Unusable(ValueError):
    """A content that is no list of targets: in which line, from 1, and why. Line 0 is the file as a whole."""

    def __init__(self, line: int, why: str) -> None:
        if len(why) > _LONGEST:
            why = f"{why[:_LONGEST]}..."
        super().__init__(f"line {line}: {why}" if line else why)
        self.line = line


def parse(content: bytes) -> tuple[Found, ...]:
    """The targets in `content`: a list, or a mapping with the list as its only key `targets`. Raises `Unusable`.

    Each is a URL, or a mapping of `url`, `weight` and `priority`. There is at least one, and no two have one address.
    """
    root = _compose(content)
    if isinstance(root, yaml.MappingNode):
        keys = [key.value for key, _ in root.value]
        if keys != ["targets"]:
            raise _unusable(root, "a mapping has the key 'targets' here, once, and no other")
        root = root.value[0][1]
    if not isinstance(root, yaml.SequenceNode):
        raise _unusable(root, "there is no list of targets")
    if not root.value:
        raise _unusable(root, "the list of targets is empty")
    found: dict[str, Found] = {}
    for node in root.value:
        target = _target(node)
        if found.setdefault(target.url, target) is not target:
            raise _unusable(node, f"{target.url} is listed twice")
    return tuple(found.values())


def _compose(content: bytes) -> Any:
    """The nodes of `content`, which know their lines; None if it is empty."""
    try:
        return yaml.compose(content.decode("utf-8-sig"), Loader=_LOADER)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Unusable(line, "a byte is not UTF-8") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Unusable(mark.line + 1 if mark else 0, error.problem or "this is not YAML") from error
    except yaml.YAMLError as error:
        raise Unusable(0, "a character cannot stand in YAML") from error


def _target(node: Any) -> Found:
    """One target of the list."""
    try:
        target = Target.read(_value(node))
    except Complaint as complaint:
        place = node
        for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
            if complaint.at and key.value == complaint.at[0]:
                place = value
        message = complaint.message.replace("{value}", repr(place.value) if _is_scalar(place) else "this")
        raise _unusable(place, f"{message} ({complaint.hint})" if complaint.hint else message) from complaint
    address = target.address
    return Found(address.host, address.port, address.path, target.weight, target.priority, target.secure)


def _value(node: Any) -> object:
    """What `node` is, as far as a target goes: text, or a mapping of single values."""
    if _is_scalar(node):
        return node.value if node.style else resolve(node.value)
    if not isinstance(node, yaml.MappingNode):
        return None
    values: dict[object, object] = {}
    for key, value in node.value:
        if not _is_scalar(key) or key.value in values:
            raise _unusable(key, "a key is here twice, or is none")
        values[key.value] = _value(value) if _is_scalar(value) else None
    return values


def _is_scalar(node: Any) -> bool:
    return isinstance(node, yaml.ScalarNode)


def _unusable(node: Any, why: str) -> Unusable:
    """`why`, with the line of `node`."""
    return Unusable(node.start_mark.line + 1 if node is not None else 0, why)
