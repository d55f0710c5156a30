"""Answers every control again from stored facts, when reviews or a merge have been added. Pure."""

import math
from datetime import datetime
from typing import Final

from maestro.assurance.catalogue import Catalogue
from maestro.assurance.evaluation import CLOCK_TOLERANCE_HOURS, EvidenceByKind, evaluate
from maestro.assurance.facts import Facts, GitFacts, QueryKind, ReviewsFacts
from maestro.model.artifact import ArtifactRef
from maestro.model.evidence import ControlFinding, EvidenceSet

_KINDS: Final = {kind.value: kind for kind in QueryKind}


def reassess(
    catalogue: Catalogue,
    facts: Facts,
    evidence: EvidenceSet,
    *,
    now: datetime,
    reviews: ReviewsFacts | None = None,
    git: GitFacts | None = None,
    stored: EvidenceByKind | None = None,
) -> tuple[ControlFinding, ...]:
    """One finding per control, in catalogue order.

    ``facts`` and ``evidence`` are those that were gathered; ``reviews`` and ``git`` take the place of what they had to
    say, where given. ``stored`` are artifacts that show what was added, as of ``now``. What was gathered is as old as
    it says; where it does not say, as the gathering; where nobody knows, it counts for nothing.
    """
    update = {name: new for name, new in (("reviews", reviews), ("git", git)) if new is not None}
    stands = facts.model_copy(update=update)
    refs, ages = _gathered(evidence, now)
    for kind, added in (stored or {}).items():
        refs[kind] = (*refs.get(kind, ()), *added)
    return evaluate(catalogue, stands, refs, age_hours=ages)


def _gathered(
    evidence: EvidenceSet, now: datetime
) -> tuple[dict[QueryKind, tuple[ArtifactRef, ...]], dict[QueryKind, float]]:
    """The artifacts of each kind, and the age in hours that weighs most against it: a future one, else the oldest."""
    refs: dict[QueryKind, tuple[ArtifactRef, ...]] = {}
    ages: dict[QueryKind, list[float]] = {}
    for item in evidence.evidence:
        kind = _KINDS.get(item.kind)
        if kind is not None:
            at = item.at or evidence.gathered_at
            refs[kind] = (*refs.get(kind, ()), item.ref)
            ages.setdefault(kind, []).append(math.inf if at is None else (now - at).total_seconds() / 3600)
    return refs, {kind: _worst(hours) for kind, hours in ages.items()}


def _worst(hours: list[float]) -> float:
    return min(hours) if min(hours) < -CLOCK_TOLERANCE_HOURS else max(hours)
