"""The narrative of a decision as data: verdict and scope, reasons, controls, tests and risk, place, timeline, checks.

The Markdown, the page and the PDF lay out this one view. Every sentence in it carries its sources; nothing here decides
anything. What does not fit into the main part stands in the annex, so nothing is lost by being short.
"""

from dataclasses import dataclass
from typing import Final

from maestro.model.decision import DecisionCard, DecisionState
from maestro.render import people
from maestro.render.answers import Answer, Answers, Told, answers, every_answer
from maestro.render.card import HEADINGS, verdict
from maestro.render.measure import WHOLE, Limits
from maestro.render.moments import Moment, moments
from maestro.render.prose import Prose, prose_of
from maestro.render.risk import risk_view
from maestro.render.sources import Source, Sources
from maestro.render.untrusted import Shown, name
from maestro.render.view import TONES, Tone


@dataclass(frozen=True)
class Sealed:
    """What is known of a decision beyond its card, once it is sealed: sentences with their sources."""

    decided_at: str
    landed: Told | None
    checks: tuple[Told, ...]


@dataclass(frozen=True)
class Annex:
    """What the main part shortens or leaves out; each is empty where it tells all."""

    sentences: tuple[Told, ...]
    answers: tuple[Answer, ...]
    terms: tuple[Told, ...]
    timeline: tuple[Moment, ...]

    @property
    def exists(self) -> bool:
        return bool(self.sentences or self.answers or self.terms or self.timeline)


NO_ANNEX: Final = Annex(sentences=(), answers=(), terms=(), timeline=())


@dataclass(frozen=True)
class Story:
    """A narrative. ``more_moments`` counts the entries between the first and the last ones shown, and ``gap_after`` is
    the number of entries before them.
    """

    tone: Tone
    heading: Shown
    verdict: Shown
    prose: Prose
    decided: Told
    landed: Told | None
    more_reasons: int
    answers: Answers
    more_failed: int
    timeline: tuple[Moment, ...]
    more_moments: int
    gap_after: int
    gap_sources: tuple[Source, ...]
    checks: tuple[Told, ...]
    annex: Annex


def story(card: DecisionCard, *, sources: Sources, limits: Limits, sealed: Sealed | None = None) -> Story:
    """The narrative of ``card`` within ``limits``."""
    cited = sources.card()
    prose, whole = prose_of(card, sources, limits), prose_of(card, sources, WHOLE)
    shown, between = moments(card.timeline, limits.moments, sources=cited, characters=limits.characters)
    every_moment = moments(card.timeline, WHOLE.moments, sources=cited)[0]
    answered = answers(card.findings, limits=limits, sources=sources)
    failed_count = card.report.failed_count if card.report else 0
    return Story(
        tone=TONES[card.decision.state],
        heading=Shown(HEADINGS[card.decision.state]),
        verdict=Shown(verdict(card)),
        prose=prose,
        decided=_decided(card, sources, sealed),
        landed=sealed.landed if sealed else None,
        more_reasons=len(whole.reasons) - len(prose.reasons),
        answers=answered,
        more_failed=max(0, failed_count - len(prose.failed)),
        timeline=shown,
        more_moments=between,
        gap_after=limits.moments // 2 if between else 0,
        gap_sources=cited,
        checks=sealed.checks if sealed else _digests(card, sources),
        annex=Annex(
            sentences=_left_out(prose, whole),
            answers=every_answer(card.findings, sources=sources) if answered.shortened else (),
            terms=_terms(card, sources),
            timeline=every_moment if shown != every_moment else (),
        ),
    )


def _left_out(prose: Prose, whole: Prose) -> tuple[Told, ...]:
    kept = set(prose.sentences)
    return tuple(sentence for sentence in whole.sentences if sentence not in kept)


def _decided(card: DecisionCard, sources: Sources, sealed: Sealed | None) -> Told:
    written = f"{people.day(card.generated_at)} at {people.clock(card.generated_at)} UTC"
    if card.decision.state is DecisionState.PENDING:
        return Told(Shown(f"Not decided yet; this is of {written}"), sources.card())
    actor = name(card.decision.actor, limit=60)
    if sealed:
        return Told(Shown(f"Decided by {actor} on {sealed.decided_at}"), sources.records())
    return Told(Shown(f"Decided by {actor}; card of {written}"), sources.card())


def _terms(card: DecisionCard, sources: Sources) -> tuple[Told, ...]:
    """Why τ is what it is; always in the annex."""
    promise = risk_view(card.plan) if card.plan else None
    terms = promise.terms if promise else ()
    return tuple(Told(Shown(f"{term.label}: {term.value}"), sources.card()) for term in terms)


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
