"""Promote only what is better at equal risk, and withdraw a promise that was broken: pure decisions with reasons.

A rate counts as broken where even the lower end of its interval is above τ; a τ that the number of red builds cannot
show at all (fewer than 1/τ - 1) decides nothing.
"""

from dataclasses import dataclass

from maestro.impact.evaluation.metrics import interval
from maestro.model.calibration import Promise, PromiseState, TauFigures, WalkFigures, needed_red_builds

PROMISE_RED_BUILDS = 60
"""Red builds that the promise is judged on, the newest: more would hide a change, fewer could not show a broken 5 %."""

LEAST_GAIN = 0.01
"""Share of test seconds, over all τ that decide, that a challenger must save more: less is not worth a new model."""


@dataclass(frozen=True)
class Verdict:
    """Whether the challenger takes over, and why, as sentences with the deciding one first."""

    promote: bool
    reasons: tuple[str, ...]


def judge(champion: WalkFigures | None, challenger: WalkFigures) -> Verdict:
    """Decide on two walks over the same builds. Without a champion the challenger is held against running everything.

    Promoted is a challenger that breaks no promise, is no worse where the champion kept its own, and saves more; or
    that keeps a promise which the champion broke.
    """
    rows = [row for row in challenger.taus if row.certifiable]
    if not rows:
        return Verdict(promote=False, reasons=(_too_little(challenger),))
    held = {row.tau: row for row in champion.taus} if champion else {}
    objections = [reason for row in rows for reason in _objections(held.get(row.tau), row)]
    if objections:
        return Verdict(promote=False, reasons=tuple(objections))
    mended = [row for row in rows if row.tau in held and held[row.tau].broken]
    if mended:
        return Verdict(promote=True, reasons=tuple(_mended(held[row.tau], row) for row in mended))
    return _by_savings(held, rows)


def promise_of(newest: WalkFigures) -> Promise:
    """Whether the promise stands, judged on the newest builds of a model's walk (``PROMISE_RED_BUILDS``)."""
    broken = [row for row in newest.taus if row.broken]
    if broken:
        told = "; ".join(f"at τ = {row.tau:g} {_counted(row)}" for row in broken)
        return Promise(
            state=PromiseState.WITHDRAWN,
            reason=f"The promise was broken: {told}. Everything runs until a calibration mends it.",
        )
    shown = [row for row in newest.taus if row.certifiable]
    if not shown:
        return Promise(
            state=PromiseState.KEPT,
            reason=f"Nothing speaks against the promise, but {newest.red_builds} red builds cannot show it.",
        )
    tightest = shown[0]
    return Promise(state=PromiseState.KEPT, reason=f"The promise holds: at τ = {tightest.tau:g} {_counted(tightest)}.")


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
        return Verdict(promote=False, reasons=(f"at equal risk the challenger is not better: {needed}",))
    return Verdict(promote=True, reasons=(f"at equal risk the challenger is better: {compared}",))


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
