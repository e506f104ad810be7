"""The section `access_log`: one JSON line per request."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.callers import file_path
from gatewayd.config.models.section import Section
from gatewayd.config.models.values import Duration, Kind, Size


def _destination(text: str) -> str:
    """`-`, `off` or a path from the root."""
    if text in ("-", "off"):
        return text
    try:
        return file_path(text)
    except Complaint as wrong:
        hint = f'{wrong.hint}, "-" for standard output, or off'
        raise Complaint(wrong.message, hint) from None


class AccessLog(Section):
    """One JSON line per request."""

    path: Annotated[str, AfterValidator(_destination), Kind("`-`, `off` or path")] = Field(
        default="-", description="A file with its path from the root, `-` for standard output, or `off`."
    )
    flush_interval: Duration = Field(default=1.0, description="The longest time a line waits before it is written.")
    buffer: Size = Field(default=65536, description="Lines are written early when this much of them has gathered.")
