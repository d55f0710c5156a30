"""Tries templates of a user's own on a card, so that a broken one is refused before any pull request meets it."""

from datetime import UTC, datetime
from typing import Final

from maestro.model.artifact import ArtifactRef
from maestro.model.decision import Decision, DecisionCard, DecisionState, NextStep, Phase, TimelineEntry
from maestro.model.evidence import ControlFinding, FindingState
from maestro.model.pull_request import PullRequest
from maestro.model.tests import SelectionMode, TestOutcome, TestPlan, TestReport, Verdict
from maestro.render.documents import card_html, narrative, step_summary
from maestro.render.templates import templates_dir

_SHA: Final = "0" * 40
_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)
_REF: Final = ArtifactRef(digest="sha256:" + "0" * 64, media_type="application/json", bytes=2, name="trial.json")


def try_templates() -> None:
    """Fill every template with cards of each state, where ``MAESTRO_TEMPLATES`` names a folder.

    Raises BadInput, naming file and line, for a template that cannot be used. The shipped ones are held by tests.
    """
    if templates_dir() is None:
        return
    for state in DecisionState:
        card = _card(state)
        narrative(card)
        card_html(card)
        step_summary(card)


def _card(state: DecisionState) -> DecisionCard:
    findings = tuple(
        ControlFinding(
            control=f"T-{tier}-{number}",
            title="A control",
            tier=tier,
            state=found,
            reason="A reason.",
            fix="Mend it." if found is FindingState.FAIL else "",
            evidence=(_REF,),
        )
        for tier in (1, 2, 3)
        for number, found in enumerate(FindingState)
    )
    return DecisionCard(
        version=1,
        pull_request=PullRequest(
            repository="/trial",
            repo="trial",
            pr="1",
            base_sha=_SHA,
            head_sha=_SHA,
            merge_base_sha=_SHA,
            notes=("A note",),
        ),
        phase=Phase.DONE,
        decision=Decision(
            state=state, reasons=("a reason",), next_step=NextStep(action="retry", description="Do it again.")
        ),
        why="A reason.",
        risk="A risk.",
        plan=TestPlan(applicable=True, reason="One test.", mode=SelectionMode.STANDARD, body=_REF, selected_count=1),
        report=TestReport(
            counts={Verdict.FAIL: 1},
            failed=(TestOutcome(test="test_trial", verdict=Verdict.FAIL, message="It failed."),),
            failed_count=1,
            results=(_REF,),
        ),
        findings=findings,
        timeline=(TimelineEntry(at=_AT, event="started"),),
        generated_at=_AT,
    )
