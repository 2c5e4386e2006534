"""The API's page for people, written from its OpenAPI description by one of our own templates.

It loads no script, no style and no font from elsewhere, so that it works under the site's strict
Content-Security-Policy.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from ninja import NinjaAPI
from ninja.openapi.docs import DocsBase

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Value:
    """A parameter, or a field of an answer."""

    name: str
    type: str
    description: str
    choices: tuple[str, ...]
    required: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """One address of the API with what it takes and answers. `example` is set when it can be
    opened as it stands.
    """

    path: str
    anchor: str
    summary: str
    parameters: tuple[Value, ...]
    answer: tuple[Value, ...]
    listed: bool
    errors: tuple[int, ...]
    example: str


class TemplateDocs(DocsBase):
    """Renders `api/docs.html`."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        schema = api.get_openapi_schema(path_params=kwargs)
        context = {
            "title": schema["info"]["title"],
            "description": schema["info"]["description"],
            "calls": calls(schema),
            "schema_url": self.get_openapi_url(api, kwargs),
        }
        return render(request, "api/docs.html", context)


def calls(schema: Schema) -> list[Call]:
    """What the page tells of each GET address."""
    known = schema["components"]["schemas"]
    return [_call(path, methods["get"], known) for path, methods in schema["paths"].items()]


def _call(path: str, operation: Schema, known: Schema) -> Call:
    responses = operation["responses"]
    answer = _resolve(responses[200]["content"]["application/json"]["schema"], known)
    listed = "results" in answer["properties"]
    if listed:
        answer = _resolve(answer["properties"]["results"]["items"], known)
    return Call(
        path=path,
        anchor=operation["operationId"],
        summary=operation["description"],
        parameters=tuple(
            _value(one["name"], one["schema"], known, one["required"], one.get("description"))
            for one in operation["parameters"]
        ),
        answer=tuple(_value(name, field, known) for name, field in answer["properties"].items()),
        listed=listed,
        errors=tuple(status for status in responses if status != 200),
        example="" if "{" in path else path,
    )


def _value(
    name: str, schema: Schema, known: Schema, required: bool = False, description: str | None = None
) -> Value:
    resolved = _resolve(schema, known)
    return Value(
        name=name,
        type=_type(resolved, known),
        description=description or resolved.get("description", ""),
        choices=tuple(resolved.get("enum", ())),
        required=required,
    )


def _resolve(schema: Schema, known: Schema) -> Schema:
    while "$ref" in schema:
        schema = known[schema["$ref"].rpartition("/")[2]]
    return schema


def _type(schema: Schema, known: Schema) -> str:
    """The type in words: "string or null", "list of integer", "object (kind, seq)"."""
    schema = _resolve(schema, known)
    if "anyOf" in schema:
        names = [_type(one, known) if _known(one) else one["format"] for one in schema["anyOf"]]
        return " or ".join(dict.fromkeys(names))
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'], known)}" if "items" in schema else "pair"
    if "properties" in schema:
        return f"object ({', '.join(schema['properties'])})"
    return str(schema.get("format") or schema.get("type", "any"))


def _known(schema: Schema) -> bool:
    return "type" in schema or "$ref" in schema or "anyOf" in schema
