"""The JSON Schema of the configuration, for editors; what it cannot say, `gatewayd.config.load` checks."""

from __future__ import annotations

import json
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from gatewayd.config.docs.kinds import default_of, sections_in
from gatewayd.config.models.root import Config
from gatewayd.config.models.values import REFERENCE_PATTERN


class _Generator(GenerateJsonSchema):
    """Leaves defaults to `Section`, which writes them as files do."""

    def default_schema(self, schema: Any) -> JsonSchemaValue:
        """The schema of a value with a default, without the default."""
        return self.generate_inner(schema["schema"])


def schema_text() -> str:
    """The schema as the shipped file has it."""
    schema = Config.model_json_schema(schema_generator=_Generator)
    schema["properties"] = {
        name: {"anyOf": [value, {"type": "null"}], "description": Config.model_fields[name].description}
        for name, value in schema["properties"].items()
    }
    for section in sections_in(Config):
        properties = schema["$defs"].get(section.__name__, schema)["properties"]
        for name, field in section.model_fields.items():
            default = default_of(field)
            if default is not None and section is not Config:
                properties[name]["default"] = default
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", **_relaxed(schema), "title": "gatewayd"}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _relaxed(schema: Any) -> Any:
    """`schema` without titles, and with references to the environment where numbers and switches stand."""
    if isinstance(schema, list):
        return [_relaxed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    relaxed = {key: _relaxed(value) for key, value in schema.items() if key != "title" or isinstance(value, dict)}
    if relaxed.get("type") in ("integer", "number", "boolean"):
        relaxed |= {"type": [relaxed["type"], "string"], "pattern": REFERENCE_PATTERN}
    return relaxed
