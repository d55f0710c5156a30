"""Promote only what is better at equal risk, and withdraw a promise that was broken: pure decisions with reasons.

A rate counts as broken where even the lower end of its interval is above τ; a τ that the number of red builds cannot
show at all (fewer than 1/τ - 1) decides nothing.
"""

from dataclasses import dataclass

from maestro.impact.evaluation.metrics import interval
from maestro.model.calibration import ModelStatus, Promise, PromiseState, TauFigures, WalkFigures, needed_red_builds

JUDGED_RED_BUILDS = 200
"""Red builds that models are judged on, the newest: twice what a τ of 1 % needs, so that old drift is forgiven."""

RECENT_RED_BUILDS = 60
"""Red builds in which the promise must hold by themselves: more would hide a change, fewer could not show it."""

LEAST_GAIN = 0.01
"""Share of test seconds, over all τ that decide, that a challenger must save more: less is not worth a new model."""


@dataclass(frozen=True)
class Verdict:
    """What the challenger becomes, and why, as sentences with the deciding one first: champion, rejected, or, where
    the data cannot say, challenger as before.
    """

    becomes: ModelStatus
    reasons: tuple[str, ...]

    @property
    def promotes(self) -> bool:
        return self.becomes is ModelStatus.CHAMPION


def judge(champion: WalkFigures | None, challenger: WalkFigures) -> Verdict:
    """Decide on two walks over the same builds. Without a champion the challenger is held against running everything.

    Promoted is a challenger that breaks no promise, is no worse where the champion kept its own, and saves more; or
    that keeps a promise which the champion broke.
    """
    rows = [row for row in challenger.taus if row.certifiable]
    if not rows:
        return Verdict(ModelStatus.CHALLENGER, (_too_little(challenger),))
    held = {row.tau: row for row in champion.taus} if champion else {}
    objections = [reason for row in rows for reason in _objections(held.get(row.tau), row)]
    if objections:
        return Verdict(ModelStatus.REJECTED, tuple(objections))
    mended = [row for row in rows if row.tau in held and held[row.tau].broken]
    if mended:
        return Verdict(ModelStatus.CHAMPION, tuple(_mended(held[row.tau], row) for row in mended))
    return _by_savings(held, rows)


def promise_of(judged: WalkFigures, recent: WalkFigures) -> Promise:
    """Whether the promise stands, by the newest ``JUDGED_RED_BUILDS`` and ``RECENT_RED_BUILDS`` of a model's walk."""
    for broken, when in ((broken_at(judged), "in the builds judged"), (broken_at(recent), "in the newest builds")):
        if broken:
            reason = f"The promise was broken {when}: {broken}. Everything runs until a calibration mends it."
            return Promise(state=PromiseState.WITHDRAWN, reason=reason)
    shown = next((row for row in judged.taus if row.certifiable), None)
    if shown is None:
        reason = f"Nothing speaks against the promise, but {judged.red_builds} red builds cannot show it."
    else:
        reason = f"The promise holds: at τ = {shown.tau:g}, {_counted(shown)}."
    return Promise(state=PromiseState.KEPT, reason=reason)


def broken_at(figures: WalkFigures) -> str:
    """Where the promise was broken, with the figures; empty where it was not."""
    return "; ".join(f"at τ = {row.tau:g}, {_counted(row)}" for row in figures.taus if row.broken)


def _objections(champion: TauFigures | None, challenger: TauFigures) -> list[str]:
    """Why the challenger is not of equal risk at one τ; without a champion, held against no escape at all."""
    at, counted = f"at τ = {challenger.tau:g}", _counted(challenger)
    if challenger.broken:
        return [f"{at} the challenger breaks its promise: {counted}"]
    if champion is None or champion.broken:
        return []
    against = f"{counted}, against {_counted(champion)}"
    if champion.rate <= challenger.tau < challenger.rate:
        return [f"{at} the challenger is over τ where the champion is not: {against}"]
    if _beyond_chance(challenger.escapes, champion.escapes):
        return [f"{at} the challenger lets more escape than the champion, beyond chance: {against}"]
    return []


def _beyond_chance(more: int, fewer: int) -> bool:
    """Whether, of all escapes on the same builds, more than half are surely the first model's: were the two alike,
    each escape would be either's with equal chance.
    """
    return interval(more, more + fewer)[0] > 0.5


def _by_savings(held: dict[float, TauFigures], rows: list[TauFigures]) -> Verdict:
    """At equal risk: whether enough is saved, as a share of the seconds over every τ that decides."""
    seconds = sum(row.seconds for row in rows)
    before = sum(held[row.tau].seconds_run if row.tau in held else row.seconds for row in rows)
    after = sum(row.seconds_run for row in rows)
    gain = (before - after) / seconds if seconds else 0.0
    against = "the champion" if held else "running everything"
    compared = (
        f"against {against} it saves {gain:+.1%} of the test seconds over τ = {', '.join(f'{r.tau:g}' for r in rows)}"
    )
    if gain < LEAST_GAIN:
        needed = f"{compared}; at least {LEAST_GAIN:+.0%} is needed"
        return Verdict(ModelStatus.REJECTED, (f"at equal risk the challenger is not better: {needed}",))
    return Verdict(ModelStatus.CHAMPION, (f"at equal risk the challenger is better: {compared}",))


def _mended(champion: TauFigures, challenger: TauFigures) -> str:
    return (
        f"at τ = {challenger.tau:g} the champion broke its promise and the challenger keeps it: "
        f"{_counted(challenger)}, against {_counted(champion)}"
    )


def _too_little(figures: WalkFigures) -> str:
    loosest = max((row.tau for row in figures.taus), default=None)
    if loosest is None:
        return "no τ was asked for, so nothing can be compared"
    return (
        f"too little data: {figures.red_builds} red builds that neither model has seen cannot show even "
        f"τ = {loosest:g}, which needs {needed_red_builds(loosest)}"
    )


def _counted(row: TauFigures) -> str:
    return f"{row.escapes} of {row.red_builds} red builds escaped ({row.rate:.1%}, {row.low:.1%} to {row.high:.1%})"
