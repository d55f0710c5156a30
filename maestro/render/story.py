"""The narrative of a decision as data: verdict and scope, reasons, controls, tests and risk, place, timeline, checks.

The Markdown, the page and the PDF lay out this one view. Every sentence in it carries its sources; nothing here decides
anything. What does not fit into the main part stands in the annex, so nothing is lost by being short.
"""

from dataclasses import dataclass
from typing import Final

from maestro.model.decision import Decision, DecisionCard, DecisionState
from maestro.model.tests import TestOutcome, TestPlan
from maestro.render import people
from maestro.render.answers import Answer, Answers, Told, answers, every_answer
from maestro.render.card import HEADINGS, verdict
from maestro.render.measure import Limits
from maestro.render.moments import Moment, moments
from maestro.render.risk import risk_view
from maestro.render.sources import Source, Sources
from maestro.render.telling import told
from maestro.render.untrusted import LINE_LIMIT, Shown, line, name
from maestro.render.verdicts import tests_view
from maestro.render.view import TONES, Pair, Tone

SHA_SHOWN: Final = 12
PROMISED: Final = frozenset({"Bound τ", "Residual risk", "Method"})
"""What a narrative tells of a promise; the card has the other figures."""

WATCHED: Final = frozenset({"Passed only when retried", "Failed in quarantine"})
"""Facts of a run that a reader of a green narrative must not miss."""


@dataclass(frozen=True)
class Sealed:
    """What is known of a decision beyond its card, once it is sealed: sentences with their sources."""

    decided_at: str
    landed: Told | None
    checks: tuple[Told, ...]


@dataclass(frozen=True)
class Annex:
    """What the main part leaves out; each is empty where it leaves out nothing."""

    reasons: tuple[Told, ...]
    answers: tuple[Answer, ...]
    failed: tuple[Told, ...]
    terms: tuple[Told, ...]
    timeline: tuple[Moment, ...]

    @property
    def exists(self) -> bool:
        return bool(self.reasons or self.answers or self.failed or self.timeline or self.terms)


@dataclass(frozen=True)
class Story:
    """A narrative. ``more_moments`` counts the entries between the first and the last ones shown, and ``gap_after`` is
    the number of entries before them.
    """

    tone: Tone
    heading: Shown
    verdict: Shown
    scope: Told
    decided: Told
    landed: Told | None
    why: Told
    reasons: tuple[Told, ...]
    more_reasons: int
    next_step: Told | None
    notes: tuple[Told, ...]
    answers: Answers
    tests: tuple[Told, ...]
    failed: tuple[Told, ...]
    more_failed: int
    place: tuple[Told, ...]
    timeline: tuple[Moment, ...]
    more_moments: int
    gap_after: int
    gap_sources: tuple[Source, ...]
    checks: tuple[Told, ...]
    annex: Annex


def story(card: DecisionCard, *, sources: Sources, limits: Limits, sealed: Sealed | None = None) -> Story:
    """The narrative of ``card`` within ``limits``."""
    lead, reasons = told(card)
    characters = limits.characters
    cited = sources.card()
    failed, failed_count = (card.report.failed, card.report.failed_count) if card.report else ((), 0)
    shown, between = moments(card.timeline, limits.moments, sources=cited, characters=characters)
    every_moment = moments(card.timeline, None, sources=cited)[0]
    failures, every_failure = (_failed(card, failed, sources, length) for length in (characters, LINE_LIMIT))
    short = tuple(Told(line(reason, limit=characters), cited) for reason in (lead, *reasons[: limits.reasons]))
    every_reason = tuple(Told(line(reason), cited) for reason in (lead, *reasons))
    answered = answers(card.findings, limits=limits, sources=sources)
    return Story(
        tone=TONES[card.decision.state],
        heading=Shown(HEADINGS[card.decision.state]),
        verdict=Shown(verdict(card)),
        scope=_scope(card, sources, characters),
        decided=_decided(card, sources, sealed),
        landed=sealed.landed if sealed else None,
        why=short[0],
        reasons=short[1:],
        more_reasons=len(every_reason) - len(short),
        next_step=_next_step(card.decision, sources, characters),
        notes=tuple(Told(line(note, limit=characters), cited) for note in card.pull_request.notes[: limits.reasons]),
        answers=answered,
        tests=_tests(card, sources, limits),
        failed=failures[: limits.failed],
        more_failed=max(0, failed_count - min(len(failures), limits.failed)),
        place=_place(card, sources, characters),
        timeline=shown,
        more_moments=between,
        gap_after=limits.moments // 2 if between else 0,
        gap_sources=cited,
        checks=sealed.checks if sealed else _digests(card, sources),
        annex=Annex(
            reasons=every_reason if short != every_reason else (),
            answers=every_answer(card.findings, sources=sources) if answered.shortened else (),
            failed=every_failure if failures[: limits.failed] != every_failure else (),
            terms=_terms(card, sources),
            timeline=every_moment if shown != every_moment else (),
        ),
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


def _decided(card: DecisionCard, sources: Sources, sealed: Sealed | None) -> Told:
    written = f"{people.day(card.generated_at)} at {people.clock(card.generated_at)} UTC"
    if card.decision.state is DecisionState.PENDING:
        return Told(Shown(f"Not decided yet; this is of {written}"), sources.card())
    actor = name(card.decision.actor, limit=60)
    if sealed:
        return Told(Shown(f"Decided by {actor} on {sealed.decided_at}"), sources.records())
    return Told(Shown(f"Decided by {actor}; card of {written}"), sources.card())


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
    risk = Told(line(card.risk, limit=characters), sources.card())
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


def _terms(card: DecisionCard, sources: Sources) -> tuple[Told, ...]:
    """Why τ is what it is; always in the annex."""
    promise = risk_view(card.plan) if card.plan else None
    terms = promise.terms if promise else ()
    return tuple(Told(Shown(f"{term.label}: {term.value}"), sources.card()) for term in terms)


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


def _digests(card: DecisionCard, sources: Sources) -> tuple[Told, ...]:
    pull_request, plan = card.pull_request, card.plan
    facts = (
        ("Head", pull_request.head_sha),
        ("Base", pull_request.base_sha),
        ("Merge base", pull_request.merge_base_sha),
        ("Decision policy", card.decision.policy_digest),
        ("Placement policy", card.placement.policy_digest if card.placement else ""),
        ("Test plan", plan.body.digest if plan else ""),
        ("Environment", plan.environment_key if plan else ""),
        ("Workflow", pull_request.workflow_id),
    )
    return tuple(Told(Shown(f"{label}: `{name(value)}`"), sources.card()) for label, value in facts if value)
