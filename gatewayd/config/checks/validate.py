"""Nodes to models: every fault pydantic finds, in our words and at its place."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gatewayd.config.complaint import Complaint, suggestion
from gatewayd.config.models.section import FILE_SUFFIX, Section, holds_by_name, inner_sections, secret_names, section_in
from gatewayd.config.models.values import FROM_FILE
from gatewayd.config.problems import Problem
from gatewayd.config.source.nodes import ListNode, MapNode, Mark, Node, ScalarNode, complain, plain, steps
from gatewayd.config.source.secrets import read_secrets

S = TypeVar("S", bound=Section)
Path = tuple[str | int, ...]

_KEY = "[key]"  # what pydantic puts at the end of a path that leads to a key
_NOT_A_LIST = ("list_type", "tuple_type")
_NOT_A_MAPPING = ("dict_type", "mapping_type", "model_type", "model_attributes_type")


def validate(node: Node, section: type[S], name: str, problems: list[Problem], key: Mark | None = None) -> S | None:
    """The `section` that `node` amounts to, or None and one or more problems.

    `name` is the key it stands under; `key` is where that stands, to be blamed for what is missing. Without `key` it is
    an entry of the list called `name`.
    """
    subject = repr(name) if key is not None else f"an entry of {name!r}"
    if key is not None and isinstance(node, MapNode):
        node = dataclasses.replace(node, mark=key)
    node = read_secrets(node, section, problems)
    if isinstance(node, ScalarNode) and node.value is None:
        problems.append((key or node.mark).problem(f"{subject} has no value", "write one, or remove it"))
        return None
    faults = list(_empty(node, name))
    try:
        model = section.model_validate(plain(node), context=FROM_FILE)
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_input=False):
            path, on_key = _path(fault)
            found = list(steps(node, path))[-1][0]
            if fault["type"] == "default_factory_not_called" or (_lacks(found) and not on_key):
                continue
            if fault["type"] == "too_short" and isinstance(found, ListNode) and found.items:
                continue  # only entries that are wrong themselves are missing
            complaint = _describe(fault, path, node, section, subject)
            if not complaint.at or not _lacks(list(steps(node, (*path, *complaint.at)))[-1][0]):
                faults.append(complain(node, complaint, path, on_key))
        problems += faults
        return None
    problems += faults
    return None if faults else model


def _lacks(node: Node) -> bool:
    """Whether a value is missing: what else is wrong with it follows from that, and is not told."""
    return isinstance(node, ScalarNode) and (node.value is None or node.broken)


def _path(fault: ErrorDetails) -> tuple[Path, bool]:
    """Where a fault is, and whether the key there is to blame rather than its value."""
    path = fault["loc"]
    if path and path[-1] == _KEY:
        return path[:-1], True
    return path, fault["type"] == "extra_forbidden"


def _empty(node: Node, name: str) -> Iterator[Problem]:
    """Every key and list entry without a value: nobody means a null here."""
    if isinstance(node, ListNode):
        for item in node.items:
            if isinstance(item, ScalarNode) and item.value is None:
                yield item.mark.problem(f"an entry of {name!r} is empty", "write its value, or remove it")
            else:
                yield from _empty(item, name)
    elif isinstance(node, MapNode):
        for key, value in node.entries.items():
            if isinstance(value, ScalarNode) and value.value is None:
                yield node.keys[key].problem(f"{key!r} has no value", "write one, or remove the key")
            else:
                yield from _empty(value, key)


def _describe(fault: ErrorDetails, path: Path, node: Node, section: type[Section], subject: str) -> Complaint:
    """What is wrong, in our words."""
    kind, context = fault["type"], fault.get("ctx", {})
    complaint = context.get("error")
    if isinstance(complaint, Complaint):
        return complaint
    if kind == "extra_forbidden":
        return _unknown_key(str(path[-1]), _section_at(section, path[:-1]))
    if kind == "missing":
        return _missing(str(path[-1]), _section_at(section, path[:-1]))
    found = list(steps(node, path))[-1][0]
    subject = _subject(path) or subject
    if kind in _NOT_A_LIST:
        return Complaint(f"{subject} must be a list", _listed(found, str(path[-1]), _section_at(section, path[:-1])))
    if kind in _NOT_A_MAPPING:
        return Complaint(f"{subject} must be a mapping", "write its keys below it, indented")
    if kind == "string_type":
        hint = "put quotes around it" if isinstance(found, ScalarNode) else "write a single value"
        return Complaint(f"{subject} must be text", hint)
    if kind == "bool_type":
        return Complaint(f"{subject} must be true or false", "write true or false, without quotes")
    if kind.startswith("int_"):
        return Complaint(f"{subject} must be a whole number", "write digits only, without quotes")
    if kind.startswith("float_") or kind == "finite_number":
        return Complaint(f"{subject} must be a number", "write digits, without quotes")
    if kind == "greater_than_equal":
        return Complaint("{value} is too little" + f" for {subject}", f"write {_whole(context['ge'])} or more")
    if kind == "less_than_equal":
        return Complaint("{value} is too much" + f" for {subject}", f"write {_whole(context['le'])} or less")
    if kind in ("too_short", "string_too_short"):
        return Complaint(f"{subject} is empty", "write at least one" if kind == "too_short" else "write a text")
    if kind == "string_too_long":
        return Complaint(f"{subject} is too long", f"write at most {context['max_length']} characters")
    if kind == "literal_error":
        return Complaint(f"{subject} cannot be " + "{value}", _instead(found, context["expected"]))
    return Complaint(f"{subject}: {fault['msg']}", "")


def _subject(path: Path) -> str:
    """What messages call the value at `path` of a section; empty where it is the section itself."""
    names = [part for part in path if isinstance(part, str)]
    if not names:
        return ""
    return f"an entry of {names[-1]!r}" if isinstance(path[-1], int) else repr(names[-1])


def _whole(bound: float) -> float:
    """`bound` without a fraction that is none."""
    return int(bound) if bound == int(bound) else bound


def _instead(found: Node, expected: str) -> str:
    """Which of the `expected` values, listed with quotes, may have been meant."""
    if expected == "True":
        return "write true, or remove it"
    text = found.text if isinstance(found, ScalarNode) else ""
    close = get_close_matches(text, re.findall("'([^']+)'", expected), n=1, cutoff=0.8)
    return f"did you mean {close[0]!r}?" if close else f"write one of {expected}"


def _listed(node: Node, key: str, section: type[Section]) -> str:
    """How to make a list of what stands under a key of `section`; what may be a secret is not repeated."""
    if key in secret_names(section):
        return "write it in brackets"
    if key in inner_sections(section):
        return "start each entry with '- '"
    return f"write [{node.text}]" if isinstance(node, ScalarNode) and node.text else "start each entry with '- '"


def _section_at(section: type[Section], path: Path) -> type[Section]:
    """The section that stands at `path` below one, or the last on the way there."""
    named = False
    for part in path:
        if isinstance(part, int) or named:
            named = False
            continue
        annotation = section.model_fields[part].annotation
        inner = section_in(annotation)
        if inner is None:
            break
        section, named = inner, holds_by_name(annotation)
    return section


def _unknown_key(key: str, section: type[Section]) -> Complaint:
    """A key nobody knows."""
    known = [*section.model_fields, *(name + FILE_SUFFIX for name in secret_names(section))]
    return Complaint(f"unknown key {key!r}", suggestion(key, known, "keys"), on_key=True)


def _missing(key: str, section: type[Section]) -> Complaint:
    """A key nobody may leave out: blames what should hold it."""
    description = section.model_fields[key].description
    return Complaint(f"{key!r} is missing", f"{key}: {description}".replace("`", "'"), on_key=True)
