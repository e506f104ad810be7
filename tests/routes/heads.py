"""Request heads as routes see them, written in one line."""

from __future__ import annotations

from gatewayd.core.messages import Field, HeaderSection, RequestHead, Role


def head(target: str, method: str = "GET", host: str = "example.net", **fields: str) -> RequestHead:
    """The head of a request for `target`; fields are given by name with "_" for "-"."""
    path, mark, query = target.encode().partition(b"?")
    made = RequestHead()
    made.method = method.encode()
    made.host = host.encode()
    made.path = path
    made.query = query if mark else None
    made.segments = path[1:].split(b"/")
    made.section = HeaderSection()
    made.section.fields = [field(name, value) for name, value in fields.items()]
    return made


def field(name: str, value: str) -> Field:
    """One field of such a head."""
    written = name.replace("_", "-").encode()
    return Field(written, value.encode(), written + b": " + value.encode() + b"\r\n", Role.END_TO_END)
