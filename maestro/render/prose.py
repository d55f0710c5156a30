"""The sentences of a narrative at some length: scope, reasons, next step, tests and risk, and where it ran."""

from dataclasses import dataclass
from typing import Final

from maestro.model.decision import Decision, DecisionCard
from maestro.model.tests import TestOutcome, TestPlan
from maestro.render import people
from maestro.render.answers import Told
from maestro.render.card import RISK_LIMIT
from maestro.render.measure import Limits
from maestro.render.risk import risk_view
from maestro.render.sources import Sources
from maestro.render.telling import told
from maestro.render.untrusted import LINE_LIMIT, Shown, line, name
from maestro.render.verdicts import tests_view
from maestro.render.view import Pair

SHA_SHOWN: Final = 12
PROMISED: Final = frozenset({"Bound τ", "Residual risk", "Method"})
"""What a narrative tells of a promise; the card has the other figures."""

WATCHED: Final = frozenset({"Passed only when retried", "Failed in quarantine"})
"""Facts of a run that a reader of a green narrative must not miss."""


@dataclass(frozen=True)
class Prose:
    """The sentences of a narrative, at some length."""

    scope: Told
    why: Told
    reasons: tuple[Told, ...]
    notes: tuple[Told, ...]
    next_step: Told | None
    failed: tuple[Told, ...]
    tests: tuple[Told, ...]
    place: tuple[Told, ...]

    @property
    def sentences(self) -> tuple[Told, ...]:
        """All of them in the order of reading."""
        step = (self.next_step,) if self.next_step else ()
        return (self.scope, self.why, *self.reasons, *self.notes, *step, *self.failed, *self.tests, *self.place)


def prose_of(card: DecisionCard, sources: Sources, limits: Limits) -> Prose:
    """The sentences of ``card`` within ``limits``."""
    lead, reasons = told(card)
    cited, characters = sources.card(), limits.characters
    failed = card.report.failed[: limits.failed] if card.report else ()
    notes = card.pull_request.notes[: limits.reasons]
    return Prose(
        scope=_scope(card, sources, characters),
        why=Told(line(lead, limit=characters), cited),
        reasons=tuple(Told(line(reason, limit=characters), cited) for reason in reasons[: limits.reasons]),
        notes=tuple(Told(line(note, limit=characters), cited) for note in notes),
        next_step=_next_step(card.decision, sources, characters),
        failed=_failed(card, failed, sources, characters),
        tests=_tests(card, sources, limits),
        place=_place(card, sources, characters),
    )


def _scope(card: DecisionCard, sources: Sources, characters: int) -> Told:
    pull_request = card.pull_request
    title = line(pull_request.title, limit=min(characters, 160)) or "without a title"
    base = f"{name(pull_request.base_ref, limit=min(characters, 60))} " if pull_request.base_ref else ""
    author = line(pull_request.author, limit=min(characters, 60)) or "an unknown author"
    return Told(
        Shown(
            f"pull request {pull_request.pr} of {pull_request.repo}, “{title}” by {author}"
            f" ({pull_request.author_kind.value}), head {pull_request.head_sha[:SHA_SHOWN]},"
            f" base {base}{pull_request.base_sha[:SHA_SHOWN]}"
        ),
        sources.card(),
    )


def _next_step(decision: Decision, sources: Sources, characters: int) -> Told | None:
    step = decision.next_step
    if step is None:
        return None
    does = line(step.description, limit=characters) or line(step.action, limit=characters)
    clauses = [f"{does} Costs {people.money(step.cost_usd)} and {people.seconds(step.cost_seconds)}."]
    if step.value:
        clauses.append(f"Buys {line(step.value, limit=characters)}.")
    if step.residency:
        clauses.append(f"Where: {line(step.residency, limit=characters)}.")
    return Told(Shown(" ".join(clauses)), sources.card())


def _tests(card: DecisionCard, sources: Sources, limits: Limits) -> tuple[Told, ...]:
    plan, report = card.plan, card.report
    characters = limits.characters
    risk = Told(line(card.risk, limit=RISK_LIMIT if characters >= LINE_LIMIT else characters), sources.card())
    if plan is None:
        return (risk,) if risk.text else ()
    view = tests_view(plan, report)
    planned = sources.artifacts((plan.body,))
    ran = sources.artifacts(report.results) if report else ()
    watched = [line(f"{fact.label}: {fact.value}.", limit=characters) for fact in view.facts if fact.label in WATCHED]
    sentences = (
        Told(Shown(f"{view.outcome} {view.left_out}"), (*planned, *ran)),
        Told(line(view.reason, limit=characters), planned),
        *(Told(_problem(problem, characters), ran or sources.card()) for problem in view.problems[: limits.failed]),
        *(Told(fact, ran or sources.card()) for fact in watched),
        risk,
        Told(_promise(plan, characters), sources.card()),
    )
    return tuple(sentence for sentence in sentences if sentence.text)


def _problem(problem: Pair, characters: int) -> Shown:
    fix = f" Fix: {line(problem.value, limit=characters)}" if problem.value else ""
    return Shown(f"{line(problem.label, limit=characters)}{fix}")


def _promise(plan: TestPlan, characters: int) -> Shown:
    promise = risk_view(plan)
    terms = [f"{fact.label}: {fact.value}" for fact in promise.facts if fact.label in PROMISED] if promise else []
    return line(f"{'; '.join(terms)}.", limit=characters) if terms else Shown("")


def _failed(
    card: DecisionCard, outcomes: tuple[TestOutcome, ...], sources: Sources, characters: int
) -> tuple[Told, ...]:
    ran = sources.artifacts(card.report.results) if card.report else ()
    return tuple(
        Told(
            Shown(
                f"{_as_code(name(outcome.test, limit=min(characters, 160)))}: "
                f"{line(_gist(outcome.message), limit=characters) or 'no message'}"
            ),
            ran or sources.card(),
        )
        for outcome in outcomes
    )


def _as_code(text: str) -> str:
    return text if "`" in text else f"`{text}`"


def _gist(message: str) -> str:
    """The line of a failure that tells most: the first that a test runner marks as the error, else the last one."""
    lines = [text.strip() for text in message.splitlines() if text.strip()]
    marked = [text for text in lines if text.startswith("E ")]
    return marked[0][2:].strip() if marked else (lines[-1] if lines else "")


def _place(card: DecisionCard, sources: Sources, characters: int) -> tuple[Told, ...]:
    placement, report = card.placement, card.report
    if placement is None:
        return ()
    regions = ", ".join(name(region, limit=40) for region in report.regions[:5]) if report else ""
    where = f"Tests ran in {regions}. " if regions else ""
    sentences = (f"{where}{line(placement.reason, limit=characters)}", line(placement.residency, limit=characters))
    return tuple(Told(Shown(text), (*sources.card(), *sources.records())) for text in sentences if text)
