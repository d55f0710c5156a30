"""What a reviewer may do when, in words that a reviewer understands. Pure: state in, sentence or offer out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, assert_never

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from maestro.model.conduct import ConductState
    from maestro.model.decision import (
        ActionKind,
        ActionResult,
        DecisionState,
        Incident,
        OfferedAction,
        Phase,
        Review,
        ReviewerAction,
    )
    from maestro.model.pull_request import AuthorKind, PullRequest
    from maestro.model.tests import SelectionMode
    from workflows import incidents

TESTING = frozenset({Phase.PLACE, Phase.WAITING_FOR_REGION, Phase.SELECT, Phase.RUN, Phase.GATHER})
"""The phases in which tests are still on their way; a plan can be narrowed here, and not approved yet."""

OFFERS: dict[ActionKind, tuple[str, str]] = {
    ActionKind.APPROVE: ("Approve", "The pull request becomes green in your name."),
    ActionKind.REJECT: ("Reject", "The pull request is blocked in your name; a reason is needed."),
    ActionKind.ESCALATE_TESTS: ("Run all tests", "Every test runs; verdicts already known are kept."),
    ActionKind.DOWNSHIFT: ("Run fewer tests", "Only changed, recently failed and directly affected tests run now."),
    ActionKind.RETRY: ("Retry", "Tests without a passing verdict run again."),
    ActionKind.CANCEL: ("Cancel", "Everything stops; nothing is decided."),
    ActionKind.INCIDENT: (
        "Report an incident",
        "Nothing is merged before somebody else answers it; say what is wrong.",
    ),
}


JUDGEMENTS = frozenset({ActionKind.APPROVE, ActionKind.REJECT})
"""The actions that former releases held to the card that the reviewer had seen; today all are."""


@dataclass(frozen=True)
class Refusal:
    """Why an action cannot be taken now. ``stale`` has the version of the card that the reviewer saw and the one that
    it is at now, where that is why.
    """

    sentence: str
    stale: tuple[int, int] | None = None


def refusal(
    kind: ActionKind, action: ReviewerAction, state: ConductState, pull_request: PullRequest, *, every_card: bool = True
) -> Refusal | None:
    """Why this action cannot be taken now, or None if it can.

    An action whose id was already taken is not refused when it is the same action: it acts once and answers twice.
    ``every_card`` is False where a history of a former release is replayed: then only a judgement goes stale.
    """
    known = state.results.get(action.action_id)
    if known is not None:
        other = f"action id {action.action_id!r} was already used to {words(known.kind)}"
        return None if known.kind is kind else Refusal(other)
    ended = _ended(kind, state)
    if ended is not None:
        return Refusal(ended)
    seen, now = action.card_version, state.card_version
    held_to_card = not action.repeated and (every_card or kind in JUDGEMENTS)
    if seen is not None and seen != now and held_to_card:
        return Refusal(_stale(seen, state), stale=(seen, now))
    sentence = _refusal_of_kind(kind, action, state, pull_request)
    return None if sentence is None else Refusal(sentence)


def offered(state: ConductState, pull_request: PullRequest) -> tuple[OfferedAction, ...]:
    """The actions that would not be refused now, for somebody who is not the author and gives a reason."""
    probe = ReviewerAction(action_id="\0", actor="\0", reason="\0")
    return tuple(
        OfferedAction(kind=kind, label=label, effect=effect)
        for kind, (label, effect) in OFFERS.items()
        if refusal(kind, probe, state, pull_request) is None
    )


def words(kind: ActionKind) -> str:
    return kind.value.replace("_", " ")


def decision_state(state: ConductState) -> DecisionState:
    return state.decision.state if state.decision else DecisionState.PENDING


def _ended(kind: ActionKind, state: ConductState) -> str | None:
    if state.phase is Phase.DONE or state.closing:
        return f"this pull request is already decided: {decision_state(state)}"
    if state.cancelled_by:
        return f"{state.cancelled_by} has cancelled it: everything is being stopped"
    if state.rejected and kind is not ActionKind.CANCEL:
        return "it was rejected already; a rejection stands for the head that it was given to"
    return None


def _stale(seen: int, state: ConductState) -> str:
    sentence = f"you saw version {seen} of the card, it is now at version {state.card_version}"
    newest = state.timeline[-1] if state.timeline else None
    since = f" (newest: {newest.event} by {newest.actor})" if newest else ""
    return f"{sentence}{since}: look again, then act"


def _refusal_of_kind(
    kind: ActionKind, action: ReviewerAction, state: ConductState, pull_request: PullRequest
) -> str | None:
    match kind:
        case ActionKind.APPROVE:
            return _approve(action, state, pull_request)
        case ActionKind.REJECT:
            return None if action.reason.strip() else "a rejection needs a reason that the author can act on"
        case ActionKind.ESCALATE_TESTS | ActionKind.DOWNSHIFT | ActionKind.RETRY:
            return _other_tests(kind, state)
        case ActionKind.CANCEL:
            return None
        case ActionKind.INCIDENT:
            return incidents.report_refusal(action, state)
        case _:
            assert_never(kind)


def _approve(action: ReviewerAction, state: ConductState, pull_request: PullRequest) -> str | None:
    if state.phase is not Phase.WAITING_FOR_PERSON or state.decision is None:
        # While policy weighs new evidence, the card that the reviewer saw shows the old.
        return f"there is nothing to approve yet: the pull request is in phase {state.phase.value}"
    if has_written(action.actor, pull_request):
        is_author = is_same_person(action.actor, pull_request.author)
        what = "is the author" if is_author else "wrote one of the commits"
        return f"{action.actor} {what}; somebody else has to approve"
    if state.decision.state is not DecisionState.NEEDS_PERSON:
        return f"an approval cannot change a pull request that is {state.decision.state.value}: " + "; ".join(
            state.decision.reasons
        )
    return incidents.approval_refusal(action, state)


def has_written(person: str, pull_request: PullRequest) -> bool:
    """Whether somebody is the author, or wrote one of the commits. At a forge the author is a login, in the commits an
    address, so both are asked.
    """
    return any(is_same_person(person, author) for author in (pull_request.author, *pull_request.contributors))


def is_same_person(one: str, other: str) -> bool:
    """Whether two of ``name``, ``address`` or ``name <address>`` can be told to be the same person."""

    def address(person: str) -> str:
        return person.rpartition("<")[2].rstrip(">").strip().casefold()

    return bool(one) and address(one) == address(other)


def _other_tests(
    kind: Literal[ActionKind.ESCALATE_TESTS, ActionKind.DOWNSHIFT, ActionKind.RETRY], state: ConductState
) -> str | None:
    match kind:
        case ActionKind.ESCALATE_TESTS:
            return "all tests are selected already" if state.mode is SelectionMode.ALL else None
        case ActionKind.DOWNSHIFT:
            return _downshift(state)
        case ActionKind.RETRY:
            return _retry(state)


def _downshift(state: ConductState) -> str | None:
    if state.mode is SelectionMode.DIRECT:
        return "the smallest selection is running already"
    if state.phase not in TESTING:
        return "the tests have run: nothing is left to save"
    return None


def _retry(state: ConductState) -> str | None:
    if state.phase in TESTING:
        return f"the pull request is still in phase {state.phase.value}: wait for its result"
    report = state.gathered.report if state.gathered else None
    if state.problem is None and (report is None or report.green):
        return "nothing failed: there is nothing to retry"
    return None


CHANGES: dict[ActionKind, str] = {
    ActionKind.APPROVE: "the approval is weighed by policy now",
    ActionKind.REJECT: "the pull request is blocked",
    ActionKind.ESCALATE_TESTS: "every test is selected",
    ActionKind.DOWNSHIFT: "only the tests closest to the change are selected",
    ActionKind.RETRY: "tests without a passing verdict run again",
    ActionKind.CANCEL: "everything stops",
    ActionKind.INCIDENT: "an incident is open: nothing is merged before somebody else answers it",
}


def result_of(kind: ActionKind, action: ReviewerAction, state: ConductState, *, every_card: bool) -> ActionResult:
    """What an action that is not refused will have changed, for whoever takes it."""
    return ActionResult(
        action_id=action.action_id,
        kind=kind,
        accepted=True,
        changed=CHANGES[kind],
        card_version=state.card_version + every_card,
        state=decision_state(state),
    )


def change_of_incidents(
    kind: ActionKind, action: ReviewerAction, state: ConductState, pull_request: PullRequest, *, at: datetime
) -> tuple[Incident, ...]:
    """The incidents that the action opens or answers. An approval answers where policy would count it."""
    # Four eyes: where the author is not known, nobody can be shown to be somebody else.
    another = bool(pull_request.author.strip()) and not has_written(action.actor, pull_request)
    counts = another and action.actor_kind is AuthorKind.HUMAN
    return incidents.changed_by(kind, action, state, counts=counts, at=at)


def apply(kind: ActionKind, action: ReviewerAction, state: ConductState, *, changed: tuple[Incident, ...] = ()) -> None:
    """Change the state as the action asks, and its incidents to what they are now.

    The caller has checked ``refusal``; whoever acts ends the waiting.
    """
    incidents.keep(changed, state)
    state.deadline, state.expired, state.reminders = None, False, 0
    match kind:
        case ActionKind.APPROVE:
            _review(state, "approve", action)
        case ActionKind.REJECT:
            _review(state, "reject", action)
        case ActionKind.CANCEL:
            state.cancelled_by = action.actor
            state.judge_wanted = True
        case ActionKind.INCIDENT:
            # The tests go on: whoever answers wants their verdicts.
            state.judge_wanted = True
        case ActionKind.RETRY:
            state.attempt += 1
            _again(state)
        case ActionKind.ESCALATE_TESTS:
            state.mode = SelectionMode.ALL
            _again(state)
        case ActionKind.DOWNSHIFT:
            state.mode = SelectionMode.DIRECT
            _again(state)
        case _:
            assert_never(kind)


def _review(state: ConductState, kind: Literal["approve", "reject"], action: ReviewerAction) -> None:
    review = Review(kind=kind, actor=action.actor, actor_kind=action.actor_kind, reason=action.reason)
    state.reviews = (*state.reviews, review)
    state.judge_wanted = True


def _again(state: ConductState) -> None:
    """Ask for another round. An approval was given to the old one and does not carry over."""
    state.round += 1
    state.round_wanted = True
    state.reviews = tuple(review for review in state.reviews if review.kind != "approve")
