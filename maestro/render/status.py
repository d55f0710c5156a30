"""What a forge shows of a head's card: in a line, in Markdown, at the lines that failed, and as buttons. Pure."""

import re
from typing import Final

from maestro.canonical import DIGEST_PREFIX, digest
from maestro.forges.forge import Annotation, Button, Status, StatusState
from maestro.model.conduct import StatusRequest
from maestro.model.decision import ActionKind, DecisionCard, DecisionState, Phase
from maestro.model.tests import TestOutcome, TestPlan
from maestro.render import people
from maestro.render.documents import step_summary
from maestro.render.markdown import prose
from maestro.render.untrusted import block, line, name

TITLE_LIMIT: Final = 120
"""Characters of the line beside the check; forges cut it further where they show less."""

BUTTONS: Final = (ActionKind.APPROVE, ActionKind.RETRY, ActionKind.ESCALATE_TESTS, ActionKind.CANCEL)
"""In the order in which they are wanted. A rejection needs a reason, which a button cannot ask for."""

BUTTONS_SHOWN: Final = 3

_AT: Final = re.compile(r":([1-9][0-9]{0,6})(?::|\Z)")
_PATH_LIMIT: Final = 500


def status_of(request: StatusRequest, *, link: str, paths: frozenset[str] = frozenset()) -> Status:
    """The status that says what the card says. ``paths`` are the files of the head that may be pointed at."""
    card = request.card
    state = _state(request)
    status = Status(
        pull_request=card.pull_request,
        key="",
        version=request.version,
        at=request.at,
        state=state,
        title=line(_title(request, state), limit=TITLE_LIMIT),
        summary=_summary(request, state),
        link=link,
        annotations=() if state is StatusState.IN_PROGRESS else _annotations(card, paths),
        buttons=() if request.final else _buttons(card),
    )
    # Two of one version differ where the first was lost with an unreplicated tail.
    said = digest(status.model_dump(mode="json", exclude={"pull_request", "at"})).removeprefix(DIGEST_PREFIX)[:12]
    return status.model_copy(update={"key": card.pull_request.key("status", f"{request.version}.{said}")})


def comment_of(card: DecisionCard) -> str:
    """The card for a forge, with what became of the merge."""
    merges = [
        f"**Merge.** {prose(line(publication.detail))}."
        for publication in card.publications
        if publication.kind == "merge"
    ]
    return "\n\n".join([step_summary(card).strip(), *merges])


def failing_paths(card: DecisionCard) -> tuple[str, ...]:
    """The files that failed tests are in, by what the tests are called; whether the head has them is another matter."""
    failed = card.report.failed if card.report else ()
    return tuple(dict.fromkeys(path for path in map(_path, failed) if path))


def _state(request: StatusRequest) -> StatusState:
    """Success is for a green head whose evidence is kept, or that has landed already; nothing final stays open."""
    card = request.card
    if request.problem:
        return StatusState.FAILURE
    if not request.final:
        return _while_waiting(card) if card.phase is Phase.WAITING_FOR_PERSON else StatusState.IN_PROGRESS
    if card.decision.state is DecisionState.CANCELLED:
        return StatusState.CANCELLED
    is_kept = _is_sealed(card) or any(made.kind == "merge" and made.done for made in card.publications)
    is_green = card.decision.state is DecisionState.GREEN and is_kept
    return StatusState.SUCCESS if is_green else StatusState.FAILURE


def _while_waiting(card: DecisionCard) -> StatusState:
    if card.decision.state is DecisionState.BLOCKED:
        return StatusState.FAILURE
    return StatusState.ACTION_REQUIRED


def _title(request: StatusRequest, state: StatusState) -> str:
    card = request.card
    if request.problem:
        return f"Not decided: {request.problem}"
    if state is StatusState.IN_PROGRESS:
        return "In progress"
    if card.decision.state is DecisionState.GREEN:
        return _green(card)
    reason = card.decision.reasons[0] if card.decision.reasons else card.decision.state.value
    if state is StatusState.CANCELLED:
        return reason[:1].upper() + reason[1:]
    failed = card.report.failed_count if card.report else 0
    if card.decision.state is DecisionState.BLOCKED:
        return f"Blocked: {people.count(failed, 'test')} failed" if failed else f"Blocked: {reason}"
    return f"A person is needed: {reason}" if state is StatusState.ACTION_REQUIRED else f"Nobody has decided: {reason}"


def _green(card: DecisionCard) -> str:
    merge = next((made for made in card.publications if made.kind == "merge"), None)
    if merge is None and not _is_sealed(card):
        return f"Green, but {card.sealing.detail if card.sealing else 'its evidence is not sealed'}"
    if merge is not None and not merge.done:
        return f"Green, but {merge.detail}"
    return f"Green: {_tests(card.plan)}" if card.plan else "Green"


def _tests(plan: TestPlan) -> str:
    if not plan.applicable:
        return "no test applies"
    known = plan.selected_count + plan.left_out_count
    tests = f"{plan.selected_count:,} of {people.count(known, 'test')}"
    risk = plan.risk
    if risk is None or not risk.certified or not plan.left_out_count:
        return tests
    bound = "below" if risk.residual_risk < risk.tau else "at a bound of"
    return f"{tests}, risk {_percent(risk.residual_risk)} {bound} {_percent(risk.tau)}"


def _percent(probability: float) -> str:
    return f"{probability * 100:.2g} %" if probability < 0.1 else f"{probability * 100:.0f} %"


def _summary(request: StatusRequest, state: StatusState) -> str:
    if request.problem:
        return f"Maestro could not conduct this head to its end: {prose(line(request.problem))}"
    if state is StatusState.IN_PROGRESS:
        return "This head is being conducted. The card shows how far it is."
    return comment_of(request.card)


def _is_sealed(card: DecisionCard) -> bool:
    return card.sealing is not None and card.sealing.done


def _buttons(card: DecisionCard) -> tuple[Button, ...]:
    """What can be done by one click while a person is waited for."""
    if card.phase is not Phase.WAITING_FOR_PERSON:
        return ()
    offered = {action.kind: action for action in card.actions}
    shown = [offered[kind] for kind in BUTTONS if kind in offered][:BUTTONS_SHOWN]
    return tuple(Button(kind=action.kind, label=action.label, effect=action.effect) for action in shown)


def _annotations(card: DecisionCard, paths: frozenset[str]) -> tuple[Annotation, ...]:
    """Failed tests whose file the head has and whose line the failure names."""
    failed = card.report.failed if card.report else ()
    found = ((outcome, _path(outcome), _line_number(outcome)) for outcome in failed)
    return tuple(
        Annotation(path=path, line=number, title=name(outcome.test), message=block(outcome.message))
        for outcome, path, number in found
        if number and path in paths
    )


def _path(outcome: TestOutcome) -> str:
    """The file of a test whose id begins with one, relative to the repository; empty where it is none."""
    path, separator, _ = outcome.test.partition("::")
    is_plain = path.isprintable() and "\\" not in path and not path.startswith((":", "-"))
    is_inside = {"", ".", ".."}.isdisjoint(path.split("/"))
    return path if separator and is_plain and is_inside and len(path) <= _PATH_LIMIT else ""


def _line_number(outcome: TestOutcome) -> int:
    """The last line of the test's own file that its failure names; 0 where it names none."""
    path = _path(outcome)
    rows = [row.strip() for row in outcome.message.splitlines()] if path else []
    found = [_AT.match(row, len(path)) for row in rows if row.startswith(path)]
    numbers = [int(at[1]) for at in found if at]
    return numbers[-1] if numbers else 0
