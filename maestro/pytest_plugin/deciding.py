"""Decides which of the collected tests run, in a process of its own: a request as JSON in, a decision as JSON out."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from maestro.impact.calibration.registry import Registry
from maestro.impact.changes import changed_files
from maestro.impact.gathering import PAST_BUILDS, Asked, gather
from maestro.impact.graph.imports import ImportGraph
from maestro.impact.history.builds import History
from maestro.impact.judgement import Judgement
from maestro.impact.knowledge.recording import Recording
from maestro.impact.knowledge.units import Library
from maestro.impact.risk.appetite import RiskAppetite
from maestro.impact.selection import Known, Selection, select
from maestro.impact.texts import texts_of
from maestro.ledger.all_builds import history_of
from maestro.model.base import Model
from maestro.model.tests import (
    LeftOutTest,
    PlanBody,
    ReasonKind,
    RiskStatement,
    SelectedTest,
    SelectionMode,
    SelectionRule,
    TauTerm,
)
from maestro.pytest_plugin.state import TENANT, opened, recording_for, repo_of
from maestro.pytest_plugin.worktree import WorkingTree, working_tree
from maestro.words import count

RECORDING_DAYS = 30.0
"""How long a recording is trusted; what has changed since then is doubted from the first day."""

AGAIN = "failed when it ran last"


class Request(Model):
    """``tests`` are what was collected and asked for, ``failed`` what pytest remembers as failed. ``whole`` says that
    nobody narrowed the collection, ``everything`` that no test may be left out.
    """

    root: Path
    base: str
    tau: float
    everything: bool
    tests: tuple[str, ...]
    failed: tuple[str, ...] = ()
    whole: bool = False


class Decision(Model):
    """Every test of the request is in ``selected`` or in ``left_out``. ``revision`` is the commit that stands for the
    working tree, ``base`` what it was compared with. ``risk`` is None where nothing is changed. ``lines`` say the rest
    in words.
    """

    revision: str
    base: str
    changed_files: tuple[str, ...]
    selected: tuple[SelectedTest, ...]
    left_out: tuple[LeftOutTest, ...]
    risk: RiskStatement | None
    whole: bool
    lines: tuple[str, ...]


def decide(request: Request) -> Decision:
    """Select. Raises a MaestroError where that cannot be done: then everything runs."""
    tree = working_tree(request.root, base=request.base)
    changes = changed_files(tree.repository, tree.base, tree.head)
    graph = ImportGraph.of(tree.root, gone=[change.gone for change in changes if change.gone])
    terms = (TauTerm(name="asked", factor=1, reason=f"τ is {request.tau:g}, as asked"),)
    appetite = RiskAppetite(mode=SelectionRule.PUBLIC, tau=request.tau, terms=terms)
    with opened(tree.root) as registry:
        history = history_of(registry.ledger, repo_of(tree.root), tenant=TENANT, last=PAST_BUILDS)
        recording, missing = recording_for(tree, registry)
        judgement = Judgement(everything=missing)
        durations: dict[str, float] = {}
        if recording is not None:
            durations = dict(zip(recording.tests, recording.seconds.tolist(), strict=True))
            if changes and not request.everything:
                with texts_of(tree.repository, tree.head) as new:
                    asked = Asked(
                        repo=repo_of(tree.root),
                        tenant=TENANT,
                        repository=tree.repository,
                        base=tree.base,
                        changes=changes,
                        tests=request.tests,
                        new=new,
                        graph=graph,
                        history=history,
                        appetite=appetite,
                        durations=durations,
                        at=datetime.now(UTC),
                    )
                    judgement = _judged(asked, registry)
    failed = dict.fromkeys((*_failed_last(history), *request.failed), AGAIN)
    selection = select(
        request.tests,
        changes,
        graph,
        mode=SelectionMode.ALL if request.everything else SelectionMode.STANDARD,
        known=Known(failed=failed, durations=durations, judgement=judgement),
    )
    body = _again(selection.body, failed)
    risk = judgement.statement(appetite, left_out=len(body.left_out))
    return Decision(
        revision=tree.head,
        base=tree.base,
        changed_files=body.changed_files,
        selected=body.selected,
        left_out=body.left_out,
        risk=risk if changes else None,
        whole=request.whole,
        lines=tuple(_lines(selection, risk, tree, recording, judgement)),
    )


def _judged(asked: Asked, registry: Registry) -> Judgement:
    """What the models say; everything runs where no model bounds the risk."""
    judgement = gather(asked, registry=registry, library=Library(), recording_days=RECORDING_DAYS).judgement
    if judgement.everything or judgement.certificate is not None:
        return judgement
    notes = judgement.notes or (f"no model can say what τ = {asked.appetite.tau:g} takes",)
    return replace(judgement, everything=notes[0])


def _failed_last(history: History) -> list[str]:
    """The tests that failed or broke off when they ran last."""
    red = np.zeros(len(history.names), np.bool_)
    for build in history.builds:
        red[build.tests] = False
        red[build.failed] = True
    return [history.names[number] for number in np.flatnonzero(red)]


def _again(body: PlanBody, failed: Collection[str]) -> PlanBody:
    """With what failed last, also where nothing that is changed could mend it: the cause may lie outside the files."""
    again = tuple(
        SelectedTest(
            id=test.id,
            kind=ReasonKind.RECENTLY_FAILED,
            reason=f"it {AGAIN}",
            expected_seconds=test.expected_seconds,
            fail_probability=test.fail_probability,
        )
        for test in body.left_out
        if test.id in failed
    )
    return body.model_copy(
        update={
            "selected": (*body.selected, *again),
            "left_out": tuple(test for test in body.left_out if test.id not in failed),
        }
    )


def _lines(
    selection: Selection, risk: RiskStatement, tree: WorkingTree, recording: Recording | None, judgement: Judgement
) -> Iterator[str]:
    changed = selection.body.changed_files
    if changed or not selection.body.left_out:
        yield selection.reason
    if changed and selection.body.left_out:
        yield (
            f"τ {risk.tau:g}; residual risk {risk.residual_risk:.2g} (95 %: {risk.low:.2g} to {risk.high:.2g}). "
            f"{risk.promise}"
        )
    yield f"compared with {tree.base[:12]} ({tree.told}): {count(len(changed), 'file')} changed"
    if recording is not None:
        tests = count(len(recording.tests), "test")
        yield f"the recording has {tests}, the oldest of {recording.recorded_at:%Y-%m-%d %H:%M} UTC"
    yield from judgement.notes
