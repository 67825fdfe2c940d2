"""As much of JSON Schema 2020-12 as our schemas use; another keyword is an error."""

from __future__ import annotations

from datetime import datetime
from typing import Any

KNOWN = {
    *("type", "properties", "required", "items", "enum", "const", "format", "$ref", "minimum"),
    "additionalProperties",
}
TYPES: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}


def faults(value: Any, schema: dict[str, Any], schemas: dict[str, Any], at: str = "$") -> list[str]:
    """Where a value is not as its schema says, strictly: nothing may be there that is not named."""
    assert schema.keys() <= KNOWN, schema
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/components/schemas/")
        return faults(value, schemas[name], schemas, f"{at}({name})")
    if "const" in schema:
        return [] if value == schema["const"] else [f"{at}: {value!r} is not the constant"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{at}: {value!r} is none of the words"]
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not any(_is(value, kind) for kind in kinds):
        return [f"{at}: {value!r} is no {kinds}"]
    if schema.get("format") == "date-time" and value is not None:
        assert datetime.fromisoformat(value).tzinfo is not None
    return [*_in_object(value, schema, schemas, at), *_in_list(value, schema, schemas, at)]


def _is(value: Any, kind: str) -> bool:
    return isinstance(value, TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _in_object(value: Any, schema: dict[str, Any], schemas: dict[str, Any], at: str) -> list[str]:
    if not isinstance(value, dict):
        return []
    if "additionalProperties" in schema:
        rest = schema["additionalProperties"]
        return [
            fault
            for name, each in value.items()
            for fault in faults(each, rest, schemas, f"{at}.{name}")
        ]
    known = schema["properties"]
    found = [f"{at}: {name} is missing" for name in schema["required"] if name not in value]
    found += [f"{at}: {name} is not described" for name in value if name not in known]
    for name, each in value.items():
        if name in known:
            found += faults(each, known[name], schemas, f"{at}.{name}")
    return found


def _in_list(value: Any, schema: dict[str, Any], schemas: dict[str, Any], at: str) -> list[str]:
    if not isinstance(value, list):
        return []
    return [
        fault
        for place, each in enumerate(value)
        for fault in faults(each, schema["items"], schemas, f"{at}[{place}]")
    ]
