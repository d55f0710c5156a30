"""The steps of a pull request that take milliseconds, as local activities: decide, render, remind, record."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from activities.assurance import ReassessActivities
    from activities.decision import DecisionActivities
    from activities.render import RenderActivities
    from maestro.model.conduct import ActionRecord, DecideRequest, ReassessRequest, ReminderRequest, RenderRequest
    from maestro.model.decision import ActionResult, Decision, DecisionCard, Links
    from maestro.model.evidence import EvidenceSet
    from workflows.actions import words

SHORT = timedelta(seconds=10)
"""An attempt: a decision in Rego, a transaction, a rendered card take milliseconds."""

RETRY = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=30))


async def decide(request: DecideRequest) -> Decision:
    """What policy says about everything that is known."""
    return await workflow.execute_local_activity_method(
        DecisionActivities.decide,
        request,
        start_to_close_timeout=SHORT,
        retry_policy=RETRY,
        summary="decide by policy",
    )


async def reassess(request: ReassessRequest) -> EvidenceSet:
    """The answers of the controls, with what came after the evidence was gathered."""
    return await workflow.execute_local_activity_method(
        ReassessActivities.reassess,
        request,
        start_to_close_timeout=SHORT,
        retry_policy=RETRY,
        summary="ask the controls again",
    )


async def render(card: DecisionCard) -> Links:
    """The stored narrative and card."""
    return await workflow.execute_local_activity_method(
        RenderActivities.render,
        RenderRequest(card=card),
        start_to_close_timeout=SHORT,
        retry_policy=RETRY,
        summary="render the narrative and the card",
    )


async def remind(request: ReminderRequest) -> None:
    """Write down that a person was reminded."""
    await workflow.execute_local_activity_method(
        DecisionActivities.remind,
        request,
        start_to_close_timeout=SHORT,
        retry_policy=RETRY,
        summary="remind the reviewers",
    )


async def record_action(record: ActionRecord) -> ActionResult:
    """Write an action to the ledger; its result, which is the earlier one where the ledger has this action already.

    A failure is an ``ApplicationError``: a local activity's comes as it was raised, not inside an ``ActivityError``.
    """
    recorded = await workflow.execute_local_activity_method(
        DecisionActivities.record_action,
        record,
        start_to_close_timeout=SHORT,
        retry_policy=RETRY,
        summary=f"record: {words(record.kind)} by {record.action.actor}",
    )
    # Releases before this one recorded without an answer.
    return recorded or record.result
