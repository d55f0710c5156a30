"""How the requirements of a framework are answered: by which controls, in part, or why not at all."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from maestro.assurance.catalogue import Catalogue
from maestro.assurance.control import Control
from maestro.config.explain import spelling
from maestro.errors import BadInput
from maestro.model.base import Model

OSPS_BASELINE: Final = "osps-baseline"


class Answered(StrEnum):
    """``missing``: neither mapped nor listed, which a framework that promises to be complete must not have."""

    WHOLE = "answered"
    PART = "in part"
    NOT_VISIBLE = "not visible"
    MISSING = "missing"


class CoveringControl(Model):
    """A control that answers a requirement."""

    id: str
    title: str
    tier: int
    kinds: tuple[str, ...]


class Requirement(Model):
    """A requirement with what answers it. ``reason`` says what is left open, or why nothing answers it."""

    id: str
    title: str
    answered: Answered
    controls: tuple[CoveringControl, ...] = ()
    reason: str = ""

    @property
    def control(self) -> str:
        """The framework's own control that this requirement belongs to: ``OSPS-QA-03`` of ``OSPS-QA-03.01``."""
        return self.id.rpartition(".")[0] or self.id


def coverage(catalogue: Catalogue, framework: str = OSPS_BASELINE) -> tuple[Requirement, ...]:
    """Every requirement of the framework, in its order; ``BadInput`` when the catalogue does not know the framework."""
    if framework not in catalogue.frameworks:
        raise BadInput(
            f"the catalogue has no framework {framework!r}",
            field="framework",
            fix=spelling(framework, sorted(catalogue.frameworks)),
        )
    answering: dict[str, list[Control]] = {}
    for control in catalogue.controls:
        for identifier in control.mappings.get(framework, ()):
            answering.setdefault(identifier, []).append(control)
    listed = {entry.requirement: entry for entry in catalogue.outside.get(framework, ())}
    found = []
    for identifier, title in catalogue.frameworks[framework].identifiers.items():
        controls, entry = answering.get(identifier, []), listed.get(identifier)
        open_or_not = (Answered.PART, Answered.WHOLE) if controls else (Answered.NOT_VISIBLE, Answered.MISSING)
        found.append(
            Requirement(
                id=identifier,
                title=title,
                answered=open_or_not[0 if entry else 1],
                controls=tuple(map(_covering, controls)),
                reason=entry.reason if entry else "",
            )
        )
    return tuple(found)


def gaps(catalogue: Catalogue) -> tuple[str, ...]:
    """What is neither mapped nor listed, of the frameworks that promise to be complete."""
    return tuple(
        f"{name} {requirement.id}"
        for name, framework in catalogue.frameworks.items()
        if framework.complete
        for requirement in coverage(catalogue, name)
        if requirement.answered is Answered.MISSING
    )


def summary(requirements: Iterable[Requirement]) -> str:
    """The counts, in a sentence."""
    found = tuple(requirements)
    states = {state: sum(requirement.answered is state for requirement in found) for state in Answered}
    counts = ", ".join(f"{number} {state}" for state, number in states.items())
    seen = {requirement.control for requirement in found if requirement.controls}
    whole = {requirement.control for requirement in found}
    return (
        f"{len(found)} requirements: {counts}. Of the {len(whole)} controls that they belong to, {len(seen)} are "
        "answered in whole or in part."
    )


def as_markdown(requirements: Iterable[Requirement]) -> str:
    """The table of the documentation."""
    rows = ["| requirement | what it asks | answered | by | what stays open |", "|---|---|---|---|---|"]
    for requirement in requirements:
        by = ", ".join(f"{c.id} (tier {c.tier}: {', '.join(c.kinds)})" for c in requirement.controls)
        rows.append(
            f"| {requirement.id} | {requirement.title} | {requirement.answered} | {by} | {requirement.reason} |"
        )
    return "\n".join(rows) + "\n"


def _covering(control: Control) -> CoveringControl:
    return CoveringControl(
        id=control.id, title=control.title, tier=control.tier, kinds=tuple(kind.value for kind in control.kinds)
    )
