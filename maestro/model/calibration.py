"""Calibration: how well a model kept its promise, whether it is used, and what a calibration did."""

import math
from datetime import datetime
from enum import StrEnum

from pydantic import Field

from maestro.model.artifact import ArtifactRef
from maestro.model.base import Model
from maestro.model.conduct import Timings
from maestro.model.tests import Problem


class ModelStatus(StrEnum):
    """What a model is to its repository: there is at most one champion, and only the champion selects tests."""

    CHALLENGER = "challenger"
    CHAMPION = "champion"
    RETIRED = "retired"
    REJECTED = "rejected"


class PromiseState(StrEnum):
    """Whether the champion's bound may be relied on. Withdrawn means: run everything until recalibrated."""

    KEPT = "kept"
    WITHDRAWN = "withdrawn"


class Promise(Model):
    """The state of the promise and the sentence that says why."""

    state: PromiseState
    reason: str

    @property
    def kept(self) -> bool:
        return self.state is PromiseState.KEPT


def needed_red_builds(tau: float) -> int:
    """The fewest red builds that can show a rate of τ: with fewer than 1/τ - 1 no method can."""
    return max(0, math.ceil(1 / tau - 1e-9) - 1)


class TauFigures(Model):
    """What one τ came to on builds that were not seen in fitting.

    ``rate`` is escapes per red build, ``low`` and ``high`` its 95 % interval; ``saved`` is the share of test seconds
    that was not run.
    """

    tau: float = Field(gt=0, lt=1)
    red_builds: int = Field(ge=0)
    escapes: int = Field(ge=0)
    rate: float = Field(ge=0, le=1)
    low: float = Field(ge=0, le=1)
    high: float = Field(ge=0, le=1)
    seconds: float = Field(ge=0)
    seconds_run: float = Field(ge=0)
    saved: float = Field(ge=0, le=1)

    @property
    def certifiable(self) -> bool:
        """Whether so many red builds can show a rate of τ at all."""
        return self.red_builds >= needed_red_builds(self.tau)

    @property
    def broken(self) -> bool:
        """Whether the rate is above τ beyond what the number of builds leaves to chance."""
        return self.low > self.tau


class WalkFigures(Model):
    """A walk in figures, τ rising. Brier score and calibration error are None where nothing was predicted."""

    builds: int = Field(ge=0)
    red_builds: int = Field(ge=0)
    first_at: datetime | None = None
    last_at: datetime | None = None
    brier: float | None = None
    ece: float | None = None
    taus: tuple[TauFigures, ...] = ()


class ModelEntry(Model):
    """A model as the registry has it; ``digest`` is that of its signed file.

    ``promise`` and ``report`` are of the calibration that registered it or, for a champion, of the latest one.
    """

    tenant: str
    repo: str
    digest: str
    created_at: datetime
    status: ModelStatus
    reason: str
    promise: Promise
    figures: WalkFigures
    file: ArtifactRef
    report: ArtifactRef | None = None


class Promotion(Model):
    """A change of champion: ``digest`` took over from ``replaced`` (None: nothing, so everything had run)."""

    sequence: int
    tenant: str
    repo: str
    digest: str
    replaced: str | None
    at: datetime
    actor: str
    reason: str
    rolled_back_by: str | None = None


class CalibrationTask(Model):
    """Calibrate one repository. ``until`` ends its data, so that a retry sees what the first attempt saw."""

    repo: str
    tenant: str = "default"
    until: datetime


class CalibrationResult(Model):
    """What one calibration did. ``champion`` is the digest of the model that selects afterwards, None where none does;
    ``figures`` are the challenger's.
    """

    repo: str
    tenant: str
    promoted: bool = False
    reason: str = ""
    promise: Promise | None = None
    champion: str | None = None
    challenger: str | None = None
    figures: WalkFigures | None = None
    report: ArtifactRef | None = None
    problem: Problem | None = None


class CalibrationProgress(Model):
    """How far a calibration got: what is still to do, and what was done."""

    tasks: tuple[CalibrationTask, ...] = ()
    results: tuple[CalibrationResult, ...] = ()


class CalibrationRequest(Model):
    """Calibrate every repository of the ledger. ``progress`` is set by the workflow when it continues as new."""

    timings: Timings = Timings()
    progress: CalibrationProgress | None = None


class CalibrationReport(Model):
    """What the week's calibration did, per repository."""

    results: tuple[CalibrationResult, ...] = ()
