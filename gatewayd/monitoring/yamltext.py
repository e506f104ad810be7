"""YAML as a person would write it: keys in their order, long expressions on several lines, a comment on top."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

_WIDTH = 10_000  # columns: texts are not broken where they happen to be long


class _Writer(yaml.SafeDumper):
    """The library's writer with lists indented below their key, and without anchors."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists too."""
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        """Write what occurs twice twice."""
        return True


def _text(writer: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Writer.add_representer(str, _text)


def yaml_text(value: object, comment: Iterable[str] = ()) -> str:
    """`value` as YAML below the lines of `comment`, ending in a newline.

    A text of several lines stands on as many and is read as one: jsonnet 0.18 cannot read line ends within a text.
    """
    top = "".join(f"# {line}".rstrip() + "\n" for line in comment)
    text: str = yaml.dump(value, Dumper=_Writer, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return top + text.replace(": |-\n", ": >-\n")
