"""What policy and controls are asked about a pull request, put together from its workflow's state. Pure."""

from datetime import datetime

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from maestro.model.conduct import ConductState, DecideRequest, ReassessRequest
    from maestro.model.decision import Publication
    from maestro.model.pull_request import PullRequest


def decide_request(pull_request: PullRequest, state: ConductState, *, at: datetime) -> DecideRequest:
    """Everything that is known, for the decision rules."""
    gathered = state.gathered
    return DecideRequest(
        pull_request=pull_request,
        placement=state.placement,
        plan=state.plan,
        report=gathered.report if gathered else None,
        evidence=gathered.evidence if gathered else None,
        problem=state.problem,
        reviews=state.reviews,
        incidents=state.incidents,
        attempt=state.attempt,
        expired=state.expired,
        ordinal=state.decisions,
        at=at,
    )


def reassess_request(
    pull_request: PullRequest, state: ConductState, *, merged: Publication | None, at: datetime
) -> ReassessRequest | None:
    """What people said and what was merged since the evidence was gathered; None where there is nothing new."""
    if state.gathered is None or not (state.reviews or merged):
        return None
    return ReassessRequest(
        pull_request=pull_request,
        evidence=state.gathered.evidence,
        reviews=state.reviews,
        merged=merged,
        ordinal=state.decisions,
        at=at,
    )
