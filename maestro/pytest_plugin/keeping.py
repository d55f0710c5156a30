"""Keeps what a session has seen, in a process of its own: the outcomes as a build, and what each test executed."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from maestro.errors import BadInput
from maestro.execution.runners.events import Event
from maestro.impact.calibration.registry import Registry
from maestro.impact.changes import changed_files
from maestro.impact.history.builds import VERDICTS, Build, History
from maestro.impact.knowledge.recorded import read_recording
from maestro.impact.knowledge.recording import Recording
from maestro.impact.names import listed
from maestro.ledger.recordings import MEDIA_TYPE
from maestro.model.tests import TestOutcome
from maestro.pytest_plugin.deciding import Decision
from maestro.pytest_plugin.recording import EVENTS, FILE
from maestro.pytest_plugin.state import TENANT, opened, recording_for, repo_of
from maestro.pytest_plugin.worktree import WorkingTree, working_tree


def keep(root: Path, folder: Path, decision: Decision) -> None:
    """Keep what the processes of one session wrote to ``folder``. Raises a MaestroError where that cannot be done.

    Outcomes are kept in any case; what was recorded only if no recorded file was changed while the tests ran.
    """
    outcomes = _outcomes(folder / EVENTS)
    if not outcomes:
        return
    # The base as a commit, because a branch may have moved while the tests ran.
    tree = working_tree(root, base=decision.base)
    with opened(root) as registry:
        registry.ledger.builds.put(_build(folder.name, decision, outcomes), repo=repo_of(root), tenant=TENANT)
        recorded = read_recording(
            sorted(folder.glob(f"{FILE}*")),
            source=root,
            outcomes=outcomes,
            revision=decision.revision,
            recorded_at=datetime.now(UTC),
        )
        if recorded is not None:
            _require_unchanged(tree, decision, recorded)
            everything = {test.id for test in decision.selected} | {test.id for test in decision.left_out}
            whole = decision.whole and everything <= outcomes.keys()
            _keep_recording(recorded, tree, registry, whole=whole)


def _outcomes(path: Path) -> dict[str, TestOutcome]:
    events = map(Event.model_validate_json, path.read_bytes().splitlines())
    return {
        event.id: TestOutcome(test=event.id, verdict=event.verdict, duration_seconds=event.seconds)
        for event in events
        if event.event == "ended"
    }


def _build(session: str, decision: Decision, outcomes: Mapping[str, TestOutcome]) -> History:
    now = time.time()
    build = Build(
        id=f"{session}/{now:.3f}",
        time=now,
        tests=np.arange(len(outcomes), dtype=np.int32),
        verdicts=np.array([VERDICTS.index(outcome.verdict) for outcome in outcomes.values()], np.uint8),
        seconds=np.array([outcome.duration_seconds for outcome in outcomes.values()], np.float32),
        files=decision.changed_files,
        revision=decision.revision,
    )
    return History(names=tuple(outcomes), builds=(build,))


def _require_unchanged(tree: WorkingTree, decision: Decision, recorded: Recording) -> None:
    """Lines belong to the text that ran; of a file that somebody saved since, that text is gone."""
    if tree.head == decision.revision:
        return
    changed = {change.path for change in changed_files(tree.repository, decision.revision, tree.head)}
    if moved := sorted(changed & set(recorded.files)):
        raise BadInput(
            f"{listed(moved)} changed while the tests ran, so what they execute is not kept",
            field=moved[0],
            fix="run them again",
        )


def _keep_recording(recorded: Recording, tree: WorkingTree, registry: Registry, *, whole: bool) -> None:
    """A run of everything stands alone, so that tests which are gone are forgotten; another is laid over the nearest
    recording.
    """
    older = None if whole else recording_for(tree, registry)[0]
    together = recorded if older is None else Recording.merge(older, recorded)
    repo, recordings = repo_of(tree.root), registry.ledger.recordings
    replaced = recordings.near([tree.base], repo=repo, tenant=TENANT)
    stored = registry.artifacts.put(together.dump(), media_type=MEDIA_TYPE, name="recording")
    recordings.put(stored, repo=repo, revision=tree.base, tenant=TENANT)
    if replaced is not None and replaced.ref.digest != stored.digest:
        # Every session makes a new one: a folder in somebody's clone must not grow with each of them.
        registry.artifacts.remove(replaced.ref)
