"""The description of the API (OpenAPI 3.1.0), made of the table that is served."""

from __future__ import annotations

from typing import Any

from firmline import __version__
from firmline.web.api.endpoints import ENDPOINTS, PARAMETERS, ROOT, Endpoint
from firmline.web.api.schemas import SCHEMAS


def document() -> dict[str, Any]:
    """The whole description."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "firmline",
            "version": __version__,
            "summary": "Units, runs and yields of a production line.",
        },
        "servers": [{"url": ROOT}],
        "security": [{"key": []}, {}],
        "paths": {each.path: {"get": _operation(each)} for each in ENDPOINTS},
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A key of firmline line accounts key add. Without any account"
                    " the line is open to its own computer.",
                }
            },
        },
    }


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    in_path = [_parameter(endpoint.in_path, place="path")] if endpoint.in_path else []
    return {
        "operationId": endpoint.schema[0].lower() + endpoint.schema[1:],
        "summary": endpoint.summary,
        "parameters": [*in_path, *(_parameter(name, place="query") for name in endpoint.takes)],
        "responses": {
            "200": {
                "description": endpoint.summary,
                "content": {"application/json": {"schema": _ref(endpoint.schema)}},
            },
            "default": {
                "description": "What went wrong, with a stable code.",
                "content": {"application/problem+json": {"schema": _ref("Problem")}},
            },
        },
    }


def _parameter(name: str, *, place: str) -> dict[str, Any]:
    told, schema = PARAMETERS[name]
    return {
        "name": name,
        "in": place,
        "required": place == "path",
        "description": told,
        "schema": schema,
    }


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
