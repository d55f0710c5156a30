"""Whether every reference of OSCAL assessment results resolves: schemas do not say, and known tools do not look.

The document is untrusted: whatever it holds, the answer is a list of sentences and never an exception.
"""

import json
import posixpath
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

from maestro.errors import BadInput
from maestro.evidence.contents import ARTIFACTS, EXPORTS
from maestro.evidence.exports.texts import line

SIZE_LIMIT_BYTES: Final = 16 * 1024 * 1024
"""A thousand controls with ten artifacts each are 8 MB."""

VALUES_LIMIT: Final = 500_000
"""Objects, lists and texts of a document; a list of empty lists takes far more memory than its bytes."""

DEPTH_LIMIT: Final = 64
"""OSCAL's deepest part is 14 levels down; only parts in parts go further."""

PROBLEMS_LIMIT: Final = 100

NAME_LIMIT: Final = 256
"""Characters of an identifier; work on longer ones would grow with their square."""

_ROOT: Final = "assessment-results"
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")

_REFERENCES: Final = {
    "observation-uuid": "observations",
    "risk-uuid": "risks",
    "party-uuid": "parties",
    "party-uuids": "parties",
    "member-of-organizations": "parties",
    "location-uuid": "locations",
    "location-uuids": "locations",
    "component-uuid": "components",
    "task-uuid": "tasks",
    "activity-uuid": "activities",
    "response-uuid": "remediations",
    "role-id": "roles",
    "role-ids": "roles",
}
"""The key of a reference, and the list whose members it may name."""

_BY_TYPE: Final = {
    "component": "components",
    "inventory-item": "inventory-items",
    "location": "locations",
    "party": "parties",
    "user": "users",
    "resource": "resources",
    "tool": "components",
    "assessment-platform": "assessment-platforms",
}
"""What ``subject-uuid`` and ``actor-uuid`` name, by the ``type`` beside them."""


@dataclass(frozen=True)
class _Value:
    """A value of the document: where it stands, under which key, in which list, and the object that holds it."""

    place: str
    key: str
    value: object
    holder: dict[str, Any]


@dataclass
class _Named:
    """What the document defines: identifiers by the list that holds them."""

    by_list: dict[str, set[str]] = field(default_factory=dict)
    uuids: dict[str, str] = field(default_factory=dict)


def oscal_problems(document: bytes, *, paths: Collection[str] | None = None) -> tuple[str, ...]:
    """Every reference that leads nowhere, every UUID that is used twice, every reviewed control without an answer.

    ``paths`` are the files of the bundle: then each relative ``href`` must be one of them. Addresses on the web and
    references into documents that are not here (a system security plan) are not followed. Empty means that all holds;
    at most ``PROBLEMS_LIMIT`` sentences.
    """
    try:
        root = _read(document)
    except BadInput as error:
        return (error.message,)
    problems: list[str] = []
    for problem in _all_problems(root, paths):
        problems.append(problem)
        if len(problems) == PROBLEMS_LIMIT:
            break
    return tuple(problems)


def _read(document: bytes) -> dict[str, Any]:
    if len(document) > SIZE_LIMIT_BYTES:
        raise BadInput(f"the document has {len(document)} bytes, and {SIZE_LIMIT_BYTES} are the limit")
    try:
        value = json.loads(document.decode(), object_pairs_hook=_no_key_twice, parse_constant=_no_constant)
    except RecursionError:
        raise BadInput(f"the document is nested deeper than {DEPTH_LIMIT} levels") from None
    except ValueError as error:
        raise BadInput(f"the document is no JSON: {line(str(error))}") from None
    root = value.get(_ROOT) if isinstance(value, dict) else None
    if not isinstance(root, dict):
        raise BadInput(f"the document has no {_ROOT}")
    _measure(root)
    return root


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        # Two readers would see two different documents.
        raise ValueError("an object has the same key twice")
    return found


def _no_constant(text: str) -> None:
    raise ValueError(f"{text} is no number of JSON")


def _measure(root: dict[str, Any]) -> None:
    level: list[object] = [root]
    values = 0
    for _ in range(DEPTH_LIMIT):
        level = [child for node in level for child in _children(node)]
        values += len(level)
        if values > VALUES_LIMIT:
            raise BadInput(f"the document has more than {VALUES_LIMIT} values")
        if not level:
            return
    raise BadInput(f"the document is nested deeper than {DEPTH_LIMIT} levels")


def _children(node: object) -> Collection[object]:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()


def _walk(place: str, key: str, node: object, holder: dict[str, Any]) -> Iterator[_Value]:
    yield _Value(place, key, node, holder)
    if isinstance(node, dict):
        for name, child in node.items():
            shown = name[:NAME_LIMIT]
            yield from _walk(f"{place}.{shown}" if place else shown, name, child, node)
    elif isinstance(node, list):
        for index, child in enumerate(node):
            yield from _walk(f"{place}[{index}]", key, child, holder)


def _all_problems(root: dict[str, Any], paths: Collection[str] | None) -> Iterator[str]:
    named = _Named()
    yield from _collect(_walk("", _ROOT, root, {}), named)
    for value in _walk("", _ROOT, root, {}):
        if isinstance(value.value, str):
            yield from _unresolved(value, value.value, named, paths)
    yield from _controls(root)


def _collect(values: Iterator[_Value], named: _Named) -> Iterator[str]:
    for value in values:
        if not isinstance(value.value, dict):
            continue
        for name in ("uuid", "id"):
            identifier = value.value.get(name)
            if isinstance(identifier, str):
                named.by_list.setdefault(value.key, set()).add(_same(identifier))
        identifier = value.value.get("uuid")
        if not isinstance(identifier, str):
            continue
        first = named.uuids.setdefault(_same(identifier), value.place)
        if first != value.place:
            yield f"{_at(value)} has the UUID {line(identifier)}, which {line(first or _ROOT)} has already"


def _unresolved(value: _Value, text: str, named: _Named, paths: Collection[str] | None) -> Iterator[str]:
    if value.key == "href":
        yield from _href(value, text, named, paths)
        return
    wanted = _REFERENCES.get(value.key)
    if value.key in {"subject-uuid", "actor-uuid"}:
        kind = value.holder.get("type")
        wanted = _BY_TYPE.get(kind) if isinstance(kind, str) else None
        if wanted is None:
            yield f"{_at(value)} is of a type that names nothing: {line(str(kind))}"
            return
    if wanted is not None and _same(text) not in named.by_list.get(wanted, ()):
        yield f"{_at(value)} names {line(text)}, and none of the {wanted} has this identifier"


def _href(value: _Value, text: str, named: _Named, paths: Collection[str] | None) -> Iterator[str]:
    if text.startswith("#"):
        if _same(text[1:]) not in named.by_list.get("resources", ()):
            yield f"{_at(value)} names {line(text)}, and no resource of the back matter has this UUID"
        return
    if _SCHEME.match(text):
        return
    target = posixpath.normpath(posixpath.join(EXPORTS, unquote(text.partition("#")[0])))
    if paths is not None and target not in paths:
        yield f"{_at(value)} names {line(text)}, and the bundle has no such file"
    digests = [_text(one, "value") for one in _list(value.holder, "hashes") if _text(one, "algorithm") == "SHA-256"]
    folder, _, name = target.rpartition("/")
    if folder == ARTIFACTS and any(digest != name for digest in digests):
        yield f"{_at(value)} names {line(text)}, and the digest beside it is another"


def _controls(root: dict[str, Any]) -> Iterator[str]:
    for index, result in enumerate(_list(root, "results")):
        reviewed = _dict(result, "reviewed-controls")
        selections = _list(reviewed, "control-selections")
        if any("include-all" in selection for selection in selections):
            continue
        controls = _selected(selections, "include-controls") - _selected(selections, "exclude-controls")
        answered = {name for one in _list(result, "observations") for name in _control_ids(one)}
        for number, finding in enumerate(_list(result, "findings")):
            control = _control_of(_text(_dict(finding, "target"), "target-id"), controls)
            if control is None:
                yield f"results[{index}].findings[{number}].target is of no control that was reviewed"
            else:
                answered.add(control)
        for control in sorted(controls - answered):
            yield f"results[{index}] reviews the control {line(control)}, and nothing answers it"


def _selected(selections: list[dict[str, Any]], key: str) -> set[str]:
    return {_text(one, "control-id") for selection in selections for one in _list(selection, key)}


def _control_of(target: str, controls: set[str]) -> str | None:
    """The reviewed control whose objective or statement ``target`` is, by the custom of OSCAL's catalogues."""
    candidate = target if len(target) <= NAME_LIMIT else ""
    while candidate and candidate not in controls:
        cut = max(candidate.rfind("_"), candidate.rfind("."))
        candidate = candidate[: max(cut, 0)]
    return candidate or None


def _control_ids(observation: dict[str, Any]) -> set[str]:
    return {_text(prop, "value") for prop in _list(observation, "props") if prop.get("name") == "control-id"}


def _list(node: dict[str, Any], key: str) -> list[dict[str, Any]]:
    found = node.get(key)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _dict(node: dict[str, Any], key: str) -> dict[str, Any]:
    found = node.get(key)
    return found if isinstance(found, dict) else {}


def _text(node: dict[str, Any], key: str) -> str:
    found = node.get(key)
    return found if isinstance(found, str) else ""


def _same(identifier: str) -> str:
    return identifier.lower()


def _at(value: _Value) -> str:
    return line(value.place)
