"""One calibration of one repository: refit, walk champion and challenger over builds that neither has seen, decide.

Nothing is written here; ``publish`` signs, stores and records what came out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from pydantic import BaseModel

from maestro.errors import BadInput
from maestro.impact.calibration.modelfile import ModelFile, Threshold
from maestro.impact.calibration.promotion import (
    JUDGED_RED_BUILDS,
    RECENT_RED_BUILDS,
    Verdict,
    judge,
    promise_of,
)
from maestro.impact.calibration.walked import Walked
from maestro.impact.calibration.window import window_of
from maestro.impact.history.builds import History
from maestro.model.calibration import Promise, PromiseState, WalkFigures

TAUS = (0.01, 0.02, 0.05, 0.10)
"""The bounds that a model is held to, whichever of them its tenant uses today."""

CALIBRATED_BUILDS = 4_000
"""Builds that are loaded, the newest: years of most repositories, and what fits in memory of the busiest."""

ModelT = TypeVar("ModelT", bound=BaseModel)


class Method(Protocol[ModelT]):
    """A way to predict, as calibration needs it. ``name`` changes when older parameters can no longer be read."""

    @property
    def name(self) -> str: ...

    @property
    def model(self) -> type[ModelT]: ...

    def fit(self, history: History) -> ModelT:
        """A model of the whole history."""
        ...

    def walk(self, history: History, *, taus: Sequence[float], model: ModelT | None = None) -> Walked:
        """Walk forward, every build decided on earlier ones: refitted on the way, or by ``model`` as it is."""
        ...

    def thresholds(self, model: ModelT, *, taus: Sequence[float]) -> tuple[Threshold, ...]:
        """Where the model stops leaving tests out, for each τ that its data can show."""
        ...


@dataclass(frozen=True)
class Champion:
    """The model that selects now. ``file`` is None where it cannot be used, and ``problem`` then says why."""

    digest: str
    file: ModelFile | None
    problem: str = ""


@dataclass(frozen=True, eq=False)
class Calibration:
    """What a calibration found. ``challenged`` and ``held`` are the walks of challenger and champion over the same
    builds, of which the newest were judged; ``held`` is None where no champion could be walked. ``promise`` is of
    whoever is champion afterwards, and ``doubts`` are sentences on where that model had to give up its longer past.
    """

    model: ModelFile
    verdict: Verdict
    promise: Promise
    taus: tuple[float, ...]
    challenged: Walked
    held: Walked | None
    doubts: tuple[str, ...] = ()

    @property
    def standing(self) -> Walked:
        """The walk of whoever is champion afterwards; the challenger's where nobody is."""
        return self.challenged if self.verdict.promotes or self.held is None else self.held


def judged(walk: Walked) -> WalkFigures:
    """The part of a walk that decides, in figures."""
    return walk.newest(red_builds=JUDGED_RED_BUILDS).figures()


def calibrate(
    history: History,
    *,
    repo: str,
    tenant: str,
    at: datetime,
    champion: Champion | None,
    method: Method[ModelT],
    taus: Sequence[float] = TAUS,
) -> Calibration:
    """Fit, walk and decide. Raises BadInput for a history without builds."""
    if not history.builds:
        raise BadInput(
            f"there is no build of {repo} to learn from", field="history", fix="maestro tests import, then calibrate"
        )
    ordered = tuple(sorted(taus))
    challenged = method.walk(history, taus=ordered)
    held, problem = _walk_champion(history, champion, method=method, taus=ordered)
    if held is not None:
        challenged, held = _over_the_same_builds(challenged, held)
    verdict = _noting(problem, judge(judged(held) if held else None, judged(challenged)))
    fitted = method.fit(history)
    model = ModelFile(
        repo=repo,
        tenant=tenant,
        created_at=at,
        window=window_of(history),
        figures=judged(challenged),
        replaced=champion.digest if champion else None,
        method=method.name,
        parameters=fitted.model_dump(mode="json"),
        thresholds=method.thresholds(fitted, taus=ordered),
    )
    kept = champion.file if champion and held is not None and not verdict.promotes else None
    doubts = _doubts((kept or model).thresholds)
    return Calibration(
        model=model,
        verdict=verdict,
        promise=_promise(verdict, challenged=challenged, held=held, doubts=doubts),
        taus=ordered,
        challenged=challenged,
        held=held,
        doubts=doubts,
    )


def _walk_champion(
    history: History, champion: Champion | None, *, method: Method[ModelT], taus: Sequence[float]
) -> tuple[Walked | None, str]:
    """The champion's walk over what it was not fitted on, or why there is none."""
    if champion is None:
        return None, ""
    if champion.file is None:
        return None, f"the champion cannot be used: {champion.problem}"
    try:
        model = champion.file.read(method.model, method=method.name)
    except BadInput as error:
        return None, f"the champion cannot be used: {error.message}"
    return method.walk(history, taus=taus, model=model).after(champion.file.window.last_time), ""


def _over_the_same_builds(one: Walked, other: Walked) -> tuple[Walked, Walked]:
    """The builds that both walks have: each may leave out the builds that it warms up on."""
    common = frozenset(one.builds) & frozenset(other.builds)
    return one.only(common), other.only(common)


def _noting(problem: str, verdict: Verdict) -> Verdict:
    return Verdict(verdict.becomes, (*verdict.reasons, problem)) if problem else verdict


def _doubts(thresholds: Sequence[Threshold]) -> tuple[str, ...]:
    return tuple(
        f"{one.withdrawn}: {'everything runs' if one.value is None else 'only the newest red builds are relied on'}."
        for one in thresholds
        if one.withdrawn
    )


def _promise(verdict: Verdict, *, challenged: Walked, held: Walked | None, doubts: Sequence[str]) -> Promise:
    walk = challenged if verdict.promotes else held
    if walk is None:
        reason = f"No model can be relied on, so everything runs: {verdict.reasons[0]}."
        return Promise(state=PromiseState.WITHDRAWN, reason=reason)
    promise = promise_of(judged(walk), walk.newest(red_builds=RECENT_RED_BUILDS).figures())
    return promise.model_copy(update={"reason": " ".join((promise.reason, *doubts))})
