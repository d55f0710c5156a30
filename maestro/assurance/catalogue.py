"""The control catalogue: what is asked of every pull request, read from the YAML files of one folder.

A catalogue that loads has unique control ids, queries that compile against declared facts, and mappings to identifiers
that exist: a typing mistake is found here, not at the gate.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, RootModel, ValidationError

from maestro.assurance.control import Control, ControlFamily, ControlList, Query
from maestro.assurance.expression import check
from maestro.assurance.frameworks import Framework, FrameworksFile, Outside, OutsideFile, check_identifier
from maestro.assurance.mistakes import Mistake
from maestro.assurance.places import Location, dotted, place_of
from maestro.canonical import digest, digest_of_bytes
from maestro.config import yamlfile
from maestro.config.explain import Refusal
from maestro.errors import BadInput

__all__ = ["Catalogue", "Control", "Query", "load"]

SHOWN_MISTAKES: Final = 20
"""Beyond that many at once nobody reads on."""


@dataclass(frozen=True)
class Catalogue:
    """The controls in the order of their ids; ``digest`` covers the bytes of every file.

    ``frameworks`` are those that mappings may name, ``outside`` what of each of them no control can answer.
    """

    controls: tuple[Control, ...]
    digest: str
    frameworks: Mapping[str, Framework] = field(default_factory=dict)
    outside: Mapping[str, tuple[Outside, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class _File:
    """One file as it was read: ``content`` as its model, and ``text`` to point into."""

    path: Path
    content: BaseModel
    text: str
    digest: str

    def controls(self) -> Iterator[tuple[Location, Control]]:
        """Each control with its place in the file."""
        if isinstance(self.content, Control):
            yield (), self.content
        elif isinstance(self.content, ControlList):
            yield from (((index,), control) for index, control in enumerate(self.content.root))
        elif isinstance(self.content, ControlFamily):
            yield from ((("controls", index), control) for index, control in enumerate(self.content.controls))

    def field(self, at: Location, *, where: str = "", mistake: Mistake | None = None) -> str:
        """``file:line: setting``, with the column too where a mistake in a condition can be pointed at.

        Parses the file again, so it is asked for only where something is wrong.
        """
        inside = (where, mistake.line, mistake.column) if mistake and mistake.line else None
        return f"{self.path}:{place_of(self.text, at, inside=inside)}: {dotted(at)}"


_Finding = tuple[str, Refusal]
"""What is wrong, after the field."""


def load(directory: Path) -> Catalogue:
    """Every ``*.yaml`` and ``*.yml`` of ``directory``; ``BadInput`` names file, line and field of the first mistakes.

    A file holds a family of controls, one control, a list of controls, frameworks, or what cannot be seen of one.
    """
    files = [_read(path) for path in sorted((*directory.glob("*.yaml"), *directory.glob("*.yml")))]
    placed = [(file, at, control) for file in files for at, control in file.controls()]
    if not placed:
        raise BadInput(
            "there is no control in this folder", field=str(directory), fix="add a file such as quality.yaml"
        )
    frameworks, outside = _frameworks(files)
    findings = [*_repeated(placed)]
    for file, at, control in placed:
        findings += _wrong_conditions(file, at, control)
        findings += _wrong_mappings(file, at, control, frameworks)
    mapped = {(name, id_) for _, _, control in placed for name, ids in control.mappings.items() for id_ in ids}
    findings += _wrong_outside(files, mapped, frameworks)
    _refuse(findings)
    controls = sorted((control for _, _, control in placed), key=lambda control: control.id)
    return Catalogue(tuple(controls), digest({file.path.name: file.digest for file in files}), frameworks, outside)


class _Anything(RootModel[Any]):
    """What stands in a file, before it is known what it is about."""


def _read(path: Path) -> _File:
    data = yamlfile.load(path, _Anything).root
    model = _model(data)
    try:
        read = model.model_validate(data)
    except ValidationError:
        # Reads it again, to say where each mistake stands.
        read = yamlfile.load(path, model)
    content = path.read_bytes()
    return _File(path, read, content.decode("utf-8-sig"), digest_of_bytes(content))


def _model(data: object) -> type[BaseModel]:
    """By what only one kind of file has; everything else is taken for a single control, and explained as one."""
    if isinstance(data, list):
        return ControlList
    keys = data.keys() if isinstance(data, dict) else frozenset[str]()
    if "id" in keys or "query" in keys:
        return Control
    by_key: dict[str, type[BaseModel]] = {
        "frameworks": FrameworksFile,
        "outside": OutsideFile,
        "controls": ControlFamily,
        "family": ControlFamily,
    }
    return next((model for key, model in by_key.items() if key in keys), Control)


def _frameworks(files: list[_File]) -> tuple[dict[str, Framework], dict[str, tuple[Outside, ...]]]:
    frameworks: dict[str, Framework] = {}
    outside: dict[str, tuple[Outside, ...]] = {}
    for file in files:
        if isinstance(file.content, FrameworksFile):
            twice = next((name for name in file.content.frameworks if name in frameworks), None)
            if twice is not None:
                raise BadInput(
                    f"the framework {twice} is defined a second time",
                    field=file.field(("frameworks", twice)),
                    fix="keep one of the two",
                )
            frameworks |= file.content.frameworks
        elif isinstance(file.content, OutsideFile):
            outside[file.content.framework] = outside.get(file.content.framework, ()) + file.content.outside
    return frameworks, outside


def _repeated(placed: list[tuple[_File, Location, Control]]) -> Iterator[_Finding]:
    first: dict[str, tuple[_File, Location]] = {}
    for file, at, control in placed:
        if control.id in first:
            there, before = first[control.id]
            place = there.field((*before, "id")).rpartition(": ")[0]
            yield (
                file.field((*at, "id")),
                Refusal(
                    f"the control {control.id} is defined a second time (first at {place})",
                    fix="give one of the two another id, or remove it",
                ),
            )
        first.setdefault(control.id, (file, at))


def _wrong_conditions(file: _File, at: Location, control: Control) -> Iterator[_Finding]:
    queries: list[tuple[Location, Query]] = [((*at, "query", n), query) for n, query in enumerate(control.query)]
    if control.applies is not None:
        queries.insert(0, ((*at, "applies"), control.applies))
    for place, query in queries:
        try:
            check(query.kind, query.where)
        except Mistake as mistake:
            yield file.field((*place, "where"), where=query.where, mistake=mistake), mistake


def _wrong_mappings(
    file: _File, at: Location, control: Control, frameworks: Mapping[str, Framework]
) -> Iterator[_Finding]:
    for name, identifiers in control.mappings.items():
        for number, identifier in enumerate(identifiers):
            try:
                check_identifier(frameworks, name, identifier)
            except Refusal as refusal:
                yield file.field((*at, "mappings", name, number)), refusal


def _wrong_outside(
    files: list[_File], mapped: set[tuple[str, str]], frameworks: Mapping[str, Framework]
) -> Iterator[_Finding]:
    listed: set[tuple[str, str]] = set()
    for file in files:
        if not isinstance(file.content, OutsideFile):
            continue
        for number, entry in enumerate(file.content.outside):
            known = (file.content.framework, entry.requirement)
            try:
                check_identifier(frameworks, *known)
                _check_entry(entry, listed=known in listed, mapped=known in mapped)
            except Refusal as refusal:
                yield file.field(("outside", number, "requirement")), refusal
            listed.add(known)


def _check_entry(entry: Outside, *, listed: bool, mapped: bool) -> None:
    if listed:
        raise Refusal(f"{entry.requirement} is listed a second time", fix="keep one of the two")
    if entry.partly and not mapped:
        raise Refusal(
            f"{entry.requirement} is said to be answered in part, and no control is mapped to it",
            fix="map the control that answers a part of it, or leave `partly` out",
        )
    if mapped and not entry.partly:
        raise Refusal(
            f"a control is mapped to {entry.requirement}, which is listed as not visible",
            fix="say `partly: true` and what the control leaves open, or remove one of the two",
        )


def _refuse(findings: list[_Finding]) -> None:
    if not findings:
        return
    (place, first), *others = findings
    also = "".join(f"\n  also {other}: {refusal} ({refusal.fix})" for other, refusal in others[:SHOWN_MISTAKES])
    more = f"\n  and {len(others) - SHOWN_MISTAKES} more" if len(others) > SHOWN_MISTAKES else ""
    raise BadInput(f"{first}{also}{more}", field=place, fix=first.fix) from first
