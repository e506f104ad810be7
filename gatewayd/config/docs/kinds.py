"""What the reference page and the schema say about a field: its type, and its default as a file would write it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import BaseModel, SecretStr, TypeAdapter
from pydantic.fields import FieldInfo

from gatewayd.config.models.section import MOST, section_in
from gatewayd.config.models.values import Kind

_PLAIN = {
    bool: Kind("true or false"),
    int: Kind("number"),
    float: Kind("number"),
    str: Kind("text"),
    SecretStr: Kind("secret text", "secret texts"),
}
_MAPPING = Kind("mapping")


def sections_in(section: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """`section` and every one within it, as often as they occur."""
    yield section
    for field in section.model_fields.values():
        inner = section_in(field.annotation)
        if inner is not None:
            yield from sections_in(inner)


def kind_of(field: FieldInfo) -> str:
    """What may stand in `field`."""
    kind = (_named(field.metadata) or _kind(field.annotation)).name
    least = next((bound.ge for bound in field.metadata if isinstance(bound, Ge)), None)
    most = next((bound.le for bound in field.metadata if isinstance(bound, Le)), None)
    if least is None:
        return kind
    return f"{kind}, {least} or more" if most == MOST else f"{kind}, {least} to {most}"


def _named(metadata: Iterable[object]) -> Kind | None:
    """The name that a type gives itself."""
    return next((item for item in metadata if isinstance(item, Kind)), None)


def _kind(annotation: object) -> Kind:
    """The name of a type."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _named(arguments[1:]) or _kind(arguments[0])
    if origin is Literal:
        return Kind(", ".join(f"`{str(value).lower() if value is True else value}`" for value in arguments))
    if origin is tuple:
        return Kind(f"list of {_kind(arguments[0]).plural}")
    if origin is Mapping:
        return Kind(f"mapping of {_kind(arguments[0]).plural} to {_kind(arguments[1]).plural}")
    if isinstance(annotation, type):
        return _PLAIN.get(annotation, _MAPPING)
    return _kind(arguments[0])  # an option: T or None


def default_of(field: FieldInfo) -> Any:
    """What `field` is when left out, as a file would write it; None where no value means the same."""
    if field.is_required() or field.default_factory is not None or isinstance(field.default, BaseModel):
        return None
    adapter: TypeAdapter[object] = TypeAdapter(field.rebuild_annotation())
    return adapter.dump_python(field.default, mode="json")


def default_text(field: FieldInfo) -> str:
    """The default of `field` as the reference page shows it."""
    if field.is_required():
        return "required"
    default = default_of(field)
    if default is None:
        return ""
    return f"`{default}`" if isinstance(default, str) and default else f"`{json.dumps(default)}`"
