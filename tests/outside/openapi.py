"""Requests and answers held against an OpenAPI 3.0 description, which says what both look like.

A violation is a sentence. What a description lets pass and a typo would look like is one as well: a field or a query
parameter that it does not know, a status that it does not name.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

import jsonschema_rs

Json = dict[str, Any]

ANYWHERE = frozenset({304, 401, 429, *range(500, 600)})
"""Statuses that any operation may answer without its saying so."""

_WAYS = ("oneOf", "anyOf", "allOf")


class Operation(NamedTuple):
    """``template`` is the path with its parameters' names, ``values`` what stood in their places."""

    method: str
    template: str
    detail: Json
    values: dict[str, str]

    def __str__(self) -> str:
        return f"{self.method} {self.template}"


class Description:
    """An OpenAPI 3.0 document. Validators are made when they are needed, of what they need."""

    def __init__(self, document: Json) -> None:
        self._document = document
        self._validators: dict[str, Any] = {}
        # Paths with fewer parameters first: `/user/repos` is no repository of somebody's. What ends in a parameter may
        # end in a branch's name, with slashes, where no other path fits; the longest one is then meant.
        exact = sorted(document["paths"], key=lambda path: (path.count("{"), path))
        longest = sorted(document["paths"], key=len, reverse=True)
        self._paths = [(re.compile(_pattern(path, last="[^/]+")), path) for path in exact]
        self._paths += [(re.compile(_pattern(path, last=".+")), path) for path in longest]

    def operation(self, method: str, path: str) -> Operation | None:
        for pattern, template in self._paths:
            found = pattern.fullmatch(path)
            detail = self._document["paths"][template].get(method.lower())
            if found and detail:
                values = {name: unquote(value) for name, value in zip(_names(template), found.groups(), strict=True)}
                return Operation(method, template, detail, values)
        return None

    def request_violations(self, operation: Operation, *, query: str, body: bytes) -> Iterator[str]:
        parameters = [self._resolved(each) for each in operation.detail.get("parameters", [])]
        for name, value in operation.values.items():
            yield from self._parameter(operation, parameters, "path", name, value)
        for name, value in parse_qsl(query, keep_blank_values=True):
            yield from self._parameter(operation, parameters, "query", name, value)
        wanted = operation.detail.get("requestBody")
        if wanted is None:
            yield from [f"{operation}: a body where none is expected"] if body else []
        elif body or wanted.get("required"):
            schema = wanted["content"]["application/json"]["schema"]
            yield from self._json(f"{operation} request", schema, body, is_ours=True)

    def answer_violations(self, operation: Operation, *, status: int, body: bytes) -> Iterator[str]:
        if status in ANYWHERE:
            return
        named = operation.detail["responses"].get(str(status))
        if named is None:
            yield f"{operation}: the status {status} is not described"
            return
        content = self._resolved(named).get("content", {}).get("application/json")
        if content is None:
            yield from [f"{operation} {status}: a body where none is described"] if body else []
        else:
            yield from self._json(f"{operation} {status}", content["schema"], body, is_ours=False)

    def _parameter(
        self, operation: Operation, parameters: list[Json], place: str, name: str, value: str
    ) -> Iterator[str]:
        found = next((each for each in parameters if each["in"] == place and each["name"] == name), None)
        if found is None:
            yield f"{operation}: no {place} parameter {name!r} is described"
            return
        schema = found["schema"]
        is_number = self._resolved(schema).get("type") == "integer" and value.lstrip("-").isdigit()
        for error in self._validator(schema).iter_errors(int(value) if is_number else value):
            yield f"{operation}: {place} parameter {name}: {error.message}"

    def _json(self, place: str, schema: Json, body: bytes, *, is_ours: bool) -> Iterator[str]:
        try:
            value = json.loads(body)
        except ValueError as unreadable:
            yield f"{place}: {unreadable}"
            return
        for error in self._validator(schema).iter_errors(value):
            yield f"{place}: {'.'.join(map(str, error.instance_path))}: {error.message}"
        known = self._known(schema) if is_ours and isinstance(value, dict) else None
        for name in sorted(set(value) - known) if known else ():
            yield f"{place}: no field {name!r} is described"

    def _known(self, schema: Json) -> set[str]:
        resolved = self._resolved(schema)
        inner = [self._known(each) for way in _WAYS for each in resolved.get(way, ())]
        return set(resolved.get("properties", {})).union(*inner)

    def _validator(self, schema: Json) -> Any:
        key = json.dumps(schema, sort_keys=True)
        if key not in self._validators:
            needed: Json = {}
            self._collect(schema, needed)
            whole = {"definitions": {name: _as_json_schema(each) for name, each in needed.items()}}
            # Draft 4 is what OpenAPI 3.0 builds on: what stands beside a reference does not count.
            root = {"allOf": [_as_json_schema(schema)]}
            self._validators[key] = jsonschema_rs.Draft4Validator(whole | root, validate_formats=True)
        return self._validators[key]

    def _collect(self, value: Any, needed: Json) -> None:
        for reference in _references(value):
            name = _name(reference)
            if name not in needed:
                needed[name] = self._at(reference)
                self._collect(needed[name], needed)

    def _resolved(self, value: Json) -> Json:
        while "$ref" in value:
            value = self._at(value["$ref"])
        return value

    def _at(self, reference: str) -> Any:
        found: Any = self._document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        return found


def _pattern(template: str, *, last: str) -> str:
    fixed = list(map(re.escape, re.split(r"\{[^}]+\}", template)))
    if len(fixed) == 1:
        return fixed[0]
    return "([^/]+)".join(fixed[:-1]) + f"({last}){fixed[-1]}"


def _names(template: str) -> list[str]:
    return re.findall(r"\{([^}]+)\}", template)


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
            return
        for each in value.values():
            yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)


def _name(reference: str) -> str:
    return reference.removeprefix("#/").replace("/", ".")


def _as_json_schema(value: Any) -> Any:
    """The schema in JSON Schema's words: ``nullable`` is OpenAPI's own, and references go to ``definitions``."""
    if isinstance(value, list):
        return [_as_json_schema(each) for each in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("$ref"), str):
        return {"$ref": f"#/definitions/{_name(value['$ref'])}"}
    schema = {name: _as_json_schema(each) for name, each in value.items() if name not in {"nullable", "example"}}
    return {"anyOf": [schema, {"type": "null"}]} if value.get("nullable") is True else schema
