"""Incidents: a reviewer's word that something is wrong holds a pull request back until somebody else answers it. Pure.

Whether an answer counts is for policy to say (``policies/incidents.rego``); here it is only put where policy looks.
"""

from datetime import datetime

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from maestro.model.conduct import ConductState
    from maestro.model.decision import ActionKind, Incident, IncidentAnswer, ReviewerAction

OPEN_LIMIT = 20
"""More open incidents of one head tell nobody anything new, and all of them stand on its card."""


def open_incidents(state: ConductState) -> tuple[Incident, ...]:
    """Those that nobody has answered."""
    return tuple(incident for incident in state.incidents if incident.answer is None)


def report_refusal(action: ReviewerAction, state: ConductState) -> str | None:
    """Why no incident can be reported now, or None."""
    if not action.reason.strip():
        return "an incident needs a reason that says what is wrong"
    if len(open_incidents(state)) >= OPEN_LIMIT:
        return f"{OPEN_LIMIT} incidents are open already: answer them first"
    return None


def approval_refusal(action: ReviewerAction, state: ConductState) -> str | None:
    """Why no approval can be given over the open incidents, or None."""
    opened = open_incidents(state)
    if not opened:
        return None
    if state.judge_wanted:
        # It may have come a moment ago, and whoever approves now has not seen it.
        return "an incident was reported and is not on the card yet: look again, then act"
    if not action.reason.strip():
        return f"an incident is open ({opened[0].reason}): the approval needs a reason that answers it"
    return None


def changed_by(
    kind: ActionKind, action: ReviewerAction, state: ConductState, *, counts: bool, at: datetime
) -> tuple[Incident, ...]:
    """The incidents as the action leaves them: the one that it reports, or those that it answers.

    ``counts`` says whether the word of this actor counts as an approval.
    """
    match kind:
        case ActionKind.INCIDENT:
            ordinal = len(state.incidents)
            said = {"actor": action.actor, "actor_kind": action.actor_kind, "reason": action.reason}
            return (Incident.model_validate({"ordinal": ordinal, "at": at, **said}),)
        case ActionKind.APPROVE if counts and action.reason.strip():
            answer = IncidentAnswer(actor=action.actor, actor_kind=action.actor_kind, reason=action.reason, at=at)
            return tuple(incident.model_copy(update={"answer": answer}) for incident in open_incidents(state))
        case _:
            return ()


def keep(changed: tuple[Incident, ...], state: ConductState) -> None:
    """Put incidents in the place of those with their ordinals, and new ones at the end."""
    known = {incident.ordinal: incident for incident in (*state.incidents, *changed)}
    state.incidents = tuple(known[ordinal] for ordinal in sorted(known))
