"""Gathers what is known before the tests of one change are selected, and asks the models: for the conductor, the
command and the plugin alike.

Knowledge that is missing never selects fewer tests: what could not be gathered is said, and either the import graph
decides or everything runs.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from maestro.canonical import digest
from maestro.errors import BadInput
from maestro.impact.calibration.method import METHOD
from maestro.impact.calibration.registry import Registry, Standing, standing
from maestro.impact.changes import Change, ChangeKind, changed_files
from maestro.impact.graph.imports import ImportGraph
from maestro.impact.graph.judging import is_documentation
from maestro.impact.history.builds import History
from maestro.impact.judgement import Champion, Judgement, judge
from maestro.impact.knowledge.evidence import Evidence, evidence_of
from maestro.impact.knowledge.execution import openers
from maestro.impact.knowledge.patch import Patch, Read
from maestro.impact.knowledge.recording import Recording
from maestro.impact.knowledge.since import Since
from maestro.impact.knowledge.staleness import expired
from maestro.impact.knowledge.units import Library
from maestro.impact.languages import is_source
from maestro.impact.names import shown
from maestro.impact.nearest import Nearest, nearest_recording
from maestro.impact.risk.appetite import RiskAppetite
from maestro.impact.risk.change import shipped_change_model
from maestro.impact.risk.model import SelectionModel
from maestro.impact.risk.past_model import select_by_past, uncertainty_by_past
from maestro.impact.texts import texts_of
from maestro.ledger.all_builds import history_of
from maestro.model.artifact import ArtifactRef
from maestro.model.tests import SelectionRule

PAST_BUILDS: Final = 400
"""Builds that are looked back on: as many as a threshold rests on, had all of them been red."""


@dataclass(frozen=True, eq=False)
class Asked:
    """One change, and the ``tests`` that could run for it, each once. ``repository`` is the git folder that has the
    commit ``base`` and its ancestors; ``new`` reads the files after the change and ``graph`` is of them. ``history``
    are the newest ``PAST_BUILDS`` builds, ``durations`` usual seconds. ``at`` is now.
    """

    repo: str
    tenant: str
    repository: Path
    base: str
    changes: tuple[Change, ...]
    tests: tuple[str, ...]
    new: Read
    graph: ImportGraph
    history: History
    appetite: RiskAppetite
    durations: Mapping[str, float]
    at: datetime


@dataclass(frozen=True, eq=False)
class Gathered:
    """The judgement; the digests of what it rests on by name (``recording``, ``model``, ``change-model``); the report
    of the calibration that made the model, and the evidence of what the change means for each test, where there is any.
    """

    judgement: Judgement = field(default_factory=Judgement)
    inputs: Mapping[str, str] = field(default_factory=dict)
    report: ArtifactRef | None = None
    evidence: Evidence | None = None


def gather(asked: Asked, *, registry: Registry, library: Library, recording_days: float) -> Gathered:
    """Ask every source that there is for this change; a recording is trusted for ``recording_days``.

    Raises ``PlatformUnavailable`` when git or the stores cannot answer.
    """
    if asked.appetite.mode is SelectionRule.OFF:
        return Gathered()
    found = standing(registry, repo=asked.repo, tenant=asked.tenant)
    model, unreliable = _model(found)
    nearest = nearest_recording(
        registry.ledger, registry.artifacts, asked.repository, asked.base, repo=asked.repo, tenant=asked.tenant
    )
    inputs = {"model": found.entry.digest if found.entry else "", "recording": nearest.digest}
    telling = _telling(asked, nearest.recording)
    evidence: Evidence | None = None
    if not telling:
        judgement = Judgement()
    elif why := unreliable or _expired(nearest, recording_days, asked.at) or _unexplained(asked, model):
        judgement = Judgement(everything=why)
    else:
        champion = _champion(asked, found, model)
        if _python(asked):
            inputs["change-model"] = digest(shipped_change_model())
            judgement, evidence = _judged(asked, Patch.of(telling), nearest, library, champion=champion)
        else:
            judgement = judge(asked.tests, asked.appetite, champion=champion)
    return Gathered(judgement, {name: value for name, value in inputs.items() if value}, found.report, evidence)


def uncertainty_of(registry: Registry, tests: Sequence[str], *, repo: str, tenant: str) -> dict[str, float] | None:
    """How unsure the calibrated model is of each test's failing, as a standard deviation; None without such a model."""
    model, _ = _model(standing(registry, repo=repo, tenant=tenant))
    if model is None:
        return None
    history = history_of(registry.ledger, repo, tenant=tenant, last=PAST_BUILDS)
    return dict(zip(tests, uncertainty_by_past(tests, history=history, model=model).tolist(), strict=True))


def _model(found: Standing) -> tuple[SelectionModel | None, str]:
    """The calibrated model, or why it may not be relied on; neither where none was ever calibrated."""
    if found.entry is None:
        return None, ""
    why = found.promise.reason
    if found.file is not None and found.promise.kept:
        try:
            return found.file.read(METHOD.model, method=METHOD.name), ""
        except BadInput as error:
            why = error.message
    return None, f"the calibrated model may not be relied on: {why.rstrip('.')}"


def _telling(asked: Asked, recording: Recording | None) -> list[Change]:
    """The changes that models are asked about: all but documentation that nobody is known to read.

    Who reads the rest is the import graph's to say, and a model would take some test for any change.
    """
    return [
        change
        for change in asked.changes
        if not is_documentation(change, asked.graph)
        or (recording is not None and any(_is_read(recording, path) for path in (change.path, change.gone) if path))
    ]


def _is_read(recording: Recording, path: str) -> bool:
    return path in recording.opened_at_import or bool(openers(recording, path).size)


def _expired(nearest: Nearest, recording_days: float, at: datetime) -> str:
    return expired(nearest.recording, limit_days=recording_days, now=at) if nearest.recording else ""


def _unexplained(asked: Asked, model: SelectionModel | None) -> str:
    """What neither a recording nor a past can judge: a sentence on the first such change, empty without any."""
    by_past_alone = model is not None and not _python(asked)
    for change in asked.changes:
        if change.kind is ChangeKind.UNKNOWN:
            return f"{shown(change.path)} has a status that git does not explain"
        if by_past_alone and not (is_source(change.path) or is_documentation(change, asked.graph)):
            return f"{shown(change.path)} is no source code: any test may depend on it"
    return ""


def _python(asked: Asked) -> bool:
    """Some of the tests stand in Python files, so what a change does to them can be read."""
    return any(test.partition("::")[0].endswith(".py") for test in asked.tests)


def _champion(asked: Asked, found: Standing, model: SelectionModel | None) -> Champion | None:
    if found.entry is None or model is None:
        return None
    files = [shown(change.path) for change in asked.changes]
    selection = select_by_past(asked.tests, files, history=asked.history, model=model, tau=asked.appetite.tau)
    return Champion(selection=selection, digest=found.entry.digest, red_rate=model.red_rate)


def _judged(
    asked: Asked, patch: Patch, nearest: Nearest, library: Library, *, champion: Champion | None
) -> tuple[Judgement, Evidence | None]:
    try:
        evidence = _evidence(asked, patch, nearest.recording, library)
    except BadInput as error:
        return Judgement(everything=f"what the change means for each test cannot be read: {error.message}"), None
    judgement = judge(asked.tests, asked.appetite, evidence=evidence, model=shipped_change_model(), champion=champion)
    return replace(judgement, notes=tuple(filter(None, (nearest.trouble, *judgement.notes)))), evidence


def _evidence(asked: Asked, patch: Patch, recording: Recording | None, library: Library) -> Evidence:
    with ExitStack() as stack:
        old = stack.enter_context(texts_of(asked.repository, asked.base))
        since: Since | None = None
        if recording is not None and recording.revision != asked.base:
            read = stack.enter_context(texts_of(asked.repository, recording.revision))
            since = Since(read, Patch.of(changed_files(asked.repository, recording.revision, asked.base)))
        return evidence_of(
            patch,
            old=old,
            new=asked.new,
            tests=asked.tests,
            recording=recording,
            since=since,
            graph=asked.graph,
            seconds=asked.durations,
            library=library,
        )
