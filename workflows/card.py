"""The Decision Card and what the Temporal UI shows, built from a workflow's state. Pure."""

import re
from datetime import datetime
from decimal import Decimal

from temporalio import workflow
from temporalio.common import SearchAttributeKey, SearchAttributeUpdate

with workflow.unsafe.imports_passed_through():
    from maestro.model.conduct import ConductRequest, ConductState
    from maestro.model.decision import Decision, DecisionCard, DecisionState, Phase, Savings
    from maestro.model.region import Placement
    from maestro.model.tests import SelectionMode, TestPlan, TestReport, Verdict
    from workflows.actions import decision_state, offered

REPO = SearchAttributeKey.for_keyword("MaestroRepo")
PULL_REQUEST = SearchAttributeKey.for_keyword("MaestroPullRequest")
TENANT = SearchAttributeKey.for_keyword("MaestroTenant")
PHASE = SearchAttributeKey.for_keyword("MaestroPhase")
REGION = SearchAttributeKey.for_keyword("MaestroRegion")
DECISION = SearchAttributeKey.for_keyword("MaestroDecision")

PASSING = frozenset({Phase.PLACE, Phase.GATHER, Phase.RENDER, Phase.DECIDE, Phase.PUBLISH})
"""Phases of moments: nobody filters by them, and each change of a search attribute is work for the server."""

PENDING = Decision(state=DecisionState.PENDING, reasons=("the pull request is being conducted",))


def build(request: ConductRequest, state: ConductState, *, now: datetime) -> DecisionCard:
    """The card as it stands."""
    report = state.gathered.report if state.gathered else None
    decision = state.decision or PENDING
    return DecisionCard(
        version=state.card_version,
        pull_request=request.pull_request,
        phase=state.phase,
        decision=decision,
        why=" ".join(_sentence(reason) for reason in decision.reasons),
        risk=risk_of(state.plan, report),
        placement=state.placement,
        plan=state.plan,
        report=report,
        findings=state.gathered.evidence.findings if state.gathered else (),
        savings=savings_of(state.plan, state.placement),
        actions=offered(state, request.pull_request),
        timeline=state.timeline,
        links=state.links.model_copy(update={"temporal_ui": request.temporal_ui}),
        publications=state.publications,
        sealing=state.sealing,
        incidents=state.incidents,
        generated_at=now,
    )


def risk_of(plan: TestPlan | None, report: TestReport | None) -> str:
    """What was not run, and what that leaves open."""
    if plan is None:
        return "No test has been selected yet, so nothing is known about the risk."
    if not plan.applicable and plan.problem is not None:
        return "The tests could not be listed, so nothing is known about the risk."
    if not plan.applicable:
        return "No test can tell anything about this change; nothing was left to chance by leaving tests out."
    unknown = f" {report.missing_count} selected tests gave no verdict." if report and report.missing_count else ""
    if not plan.left_out_count:
        return f"Every known test was selected, so none was left out.{unknown}"
    until = "a replay after the decision" if plan.replay else "the night"
    left_out = f"{plan.left_out_count} of {plan.left_out_count + plan.selected_count} tests were left to {until}"
    if plan.risk is not None:
        return f"{left_out}. {plan.risk.promise}{unknown}"
    scope = (
        "only changed, recently failed and directly affected tests ran, " if plan.mode is SelectionMode.DIRECT else ""
    )
    return (
        f"{left_out}: {scope}no import path leads from the rest to the change as far as the static graph can see."
        f"{unknown}"
    )


def savings_of(plan: TestPlan | None, placement: Placement | None) -> Savings:
    """Test time left out, priced at the chosen region's own compute and carbon terms."""
    if plan is None or not plan.left_out_seconds:
        return Savings()
    total = plan.selected_seconds + plan.left_out_seconds
    savings = Savings(seconds=plan.left_out_seconds, share=plan.left_out_seconds / total)
    chosen = next((a for a in placement.assessments if a.region == placement.region), None) if placement else None
    if placement is None or chosen is None or not placement.expected_seconds:
        return savings
    ratio = plan.left_out_seconds / placement.expected_seconds
    compute = sum((t.amount_usd for t in chosen.terms if t.name == "compute"), Decimal(0))
    return savings.model_copy(
        update={"cost_usd": compute * Decimal(str(ratio)), "carbon_g": chosen.carbon_g * ratio},
    )


def search_attributes(state: ConductState) -> list[SearchAttributeUpdate[str]]:
    """What a list of workflows can be filtered by."""
    region = state.placement.region if state.placement else None
    return [
        PHASE.value_set(state.phase.value),
        DECISION.value_set(decision_state(state).value),
        REGION.value_set(region) if region else REGION.value_unset(),
    ]


def details(card: DecisionCard, *, page: str = "") -> str:
    """The card in a few lines of Markdown, for the Temporal UI; ``page`` is where all of it stands."""
    lines = [f"**{card.decision.state.value}** (card version {card.version}), phase `{card.phase.value}`"]
    lines += ["", _plain(card.why)]
    if card.placement:
        lines += ["", f"Region: {_plain(card.placement.reason)}"]
    if card.plan:
        lines += ["", f"Tests: {_plain(card.plan.reason)}"]
        if card.plan.risk:
            lines += ["", f"Risk: τ is {card.plan.risk.tau:.3g}. {_plain(card.plan.risk.promise)}"]
    if card.report:
        counts = ", ".join(f"{card.report.counts.get(v, 0)} {v.value}" for v in Verdict)
        lines += ["", f"Verdicts: {counts}"]
    lines += [line for published in card.publications for line in ("", _plain(_sentence(published.detail)))]
    if card.sealing:
        lines += ["", _plain(_sentence(card.sealing.detail))]
    if page:
        lines += ["", f"[The whole card, and what you can do]({page})"]
    if card.actions:
        lines += ["", "Possible now (update or signal): " + ", ".join(f"`{a.kind.value}`" for a in card.actions)]
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Text that Markdown leaves alone: names come from a pull request, and the UI takes ``$…$`` for mathematics."""
    return re.sub(r"([\\`*_{}\[\]<>$#|~!])", r"\\\1", " ".join(text.split()))


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."
