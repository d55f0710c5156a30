"""The control catalogue: what is asked of every pull request, read from one YAML file per control family.

A catalogue that loads has unique control ids and queries that compile against declared facts: a typing mistake is
found here, not at the gate.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, TypeVar

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from maestro.assurance.expression import check
from maestro.assurance.facts import QueryKind
from maestro.canonical import digest, digest_of_bytes
from maestro.config import yamlfile
from maestro.config.explain import Refusal
from maestro.errors import BadInput
from maestro.model.base import Config

ItemT = TypeVar("ItemT")

_CONTROL_ID: Final = re.compile(r"[A-Z][A-Z0-9]*([_-][A-Z0-9]+)+")


def _at_least_one(items: tuple[ItemT, ...]) -> tuple[ItemT, ...]:
    """After the items, unlike ``min_length``: a list whose only item is wrong is not also called empty."""
    if not items:
        raise Refusal("the list is empty", fix="add at least one item")
    return items


def _is_control_id(text: str) -> str:
    if not _CONTROL_ID.fullmatch(text):
        raise Refusal("this is not the id of a control", fix="write capitals and digits in groups, such as ABC-QA-01")
    return text


class Query(Config):
    """One question: ``where`` is a CEL condition over the facts of ``kind``."""

    kind: QueryKind
    where: str

    @field_validator("where")
    @classmethod
    def _compiles(cls, where: str, info: ValidationInfo) -> str:
        kind = info.data.get("kind")
        if kind is not None:
            check(kind, where)
        return where


class Control(Config):
    """A control holds when every query holds, each shown by a stored artifact of its kind.

    ``tier``: 1 stops a merge, 2 asks for a person, 3 advises. ``mappings`` names requirements of public frameworks by
    identifier. ``applies`` limits the control to pull requests where that query holds. ``fix`` says what to do where
    it fails, with a command or a link. Evidence older than ``evidence_max_age_hours`` no longer counts.
    """

    id: Annotated[str, AfterValidator(_is_control_id)]
    title: str = Field(min_length=1, max_length=120)
    tier: int = Field(ge=1, le=3)
    mappings: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    applies: Query | None = None
    query: Annotated[tuple[Query, ...], AfterValidator(_at_least_one)]
    fix: str = Field(min_length=1, max_length=1_000)
    owner: str = Field(min_length=1)
    evidence_max_age_hours: float = Field(gt=0)

    @property
    def kinds(self) -> tuple[QueryKind, ...]:
        """The kinds that the queries draw on, each once, in order."""
        return tuple(dict.fromkeys(query.kind for query in self.query))


class ControlFamily(Config):
    """One file of the catalogue."""

    family: str = Field(min_length=1)
    title: str = Field(min_length=1)
    controls: Annotated[tuple[Control, ...], AfterValidator(_at_least_one)]


@dataclass(frozen=True)
class Catalogue:
    """The controls in the order of their ids; ``digest`` covers the bytes of every file."""

    controls: tuple[Control, ...]
    digest: str


def load(directory: Path) -> Catalogue:
    """Every ``*.yaml`` of ``directory``; ``BadInput`` names file, line and field of the first mistake."""
    paths = sorted(directory.glob("*.yaml"))
    if not paths:
        raise BadInput(
            "there is no control in this folder", field=str(directory), fix="add a file such as quality.yaml"
        )
    controls: dict[str, Control] = {}
    places: dict[str, str] = {}
    files: dict[str, str] = {}
    for path in paths:
        family = yamlfile.load(path, ControlFamily)
        content = path.read_bytes()
        files[path.name] = digest_of_bytes(content)
        _, lines = yamlfile.read(content.decode("utf-8-sig"), source=str(path))
        for index, control in enumerate(family.controls):
            place = f"{path}:{lines['controls', index, 'id']}"
            if control.id in controls:
                raise BadInput(
                    f"the control {control.id} is defined a second time (first at {places[control.id]})",
                    field=f"{place}: controls[{index}].id",
                    fix="give one of the two another id, or remove it",
                )
            controls[control.id] = control
            places[control.id] = place
    return Catalogue(tuple(controls[id_] for id_ in sorted(controls)), digest(files))
