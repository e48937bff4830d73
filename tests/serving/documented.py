"""Checks an answer against the service's own OpenAPI document: status, media type and schema."""

import json
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import Any

import httpx
import jsonschema_rs

Document = dict[str, Any]
JSON, PROBLEM_JSON = "application/json", "application/problem+json"
ANYWHERE = (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)
"""Statuses of addresses and methods that the document does not list, which it describes once for all."""


@dataclass(frozen=True)
class ApiDocument:
    """A document, and what it allows."""

    document: Document

    def allows(self, schema: Document | str, value: Any) -> bool:
        """Whether a schema, or the one of that name, allows a value."""
        return bool(self._validator(schema).is_valid(value))

    def resolved(self, part: Document) -> Document:
        """What a reference in the document stands for."""
        while "$ref" in part:
            place: Any = self.document
            for name in part["$ref"].removeprefix("#/").split("/"):
                place = place[name]
            part = place
        return part

    def objection(self, path: str, response: httpx.Response) -> str | None:
        """How an answer to a POST at a path is outside what is documented; ``None`` where it is not."""
        status, media_type = response.status_code, response.headers.get("content-type", "")
        if status in ANYWHERE:
            expected: Document = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}
        else:
            listed = self.document["paths"][path]["post"]["responses"]
            if str(status) not in listed:
                return f"the status {status} is not documented"
            expected = self.resolved(listed[str(status)])["content"]
        if media_type not in expected:
            return f"{status} came as {media_type}"
        try:
            body = json.loads(response.content, parse_constant=_no_json)
        except ValueError:
            return f"the body of {status} is no JSON"
        schema = expected[media_type]["schema"]
        return None if self.allows(schema, body) else f"the body of {status} is outside its schema"

    def _validator(self, schema: Document | str) -> Any:
        named = {"$ref": f"#/components/schemas/{schema}"} if isinstance(schema, str) else schema
        key = json.dumps(named, sort_keys=True)
        if key not in self._validators:
            whole = {**named, "components": self.document["components"]}
            self._validators[key] = jsonschema_rs.Draft202012Validator(whole)
        return self._validators[key]

    @cached_property
    def _validators(self) -> dict[str, Any]:
        return {}


def _no_json(_: str) -> float:
    raise ValueError("JSON has no NaN and no infinity")
