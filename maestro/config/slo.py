"""What is promised of a region, how fast a broken promise is noticed, and how often each probe is made."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from maestro.config.explain import Refusal
from maestro.model.base import Config

Seconds = Annotated[float, Field(gt=0)]


class BurnWindow(Config):
    """A region burns where the error ratio of the last ``long_seconds`` and that of the last ``short_seconds`` are both
    more than ``rate`` times the error budget. The short one ends the alarm soon after the trouble has ended.
    """

    long_seconds: Seconds
    short_seconds: Seconds
    rate: float = Field(gt=1)

    @model_validator(mode="after")
    def _the_short_window_is_shorter(self) -> Self:
        if self.short_seconds >= self.long_seconds:
            raise Refusal(
                f"short_seconds ({self.short_seconds:g}) is not below long_seconds ({self.long_seconds:g})",
                fix="a twelfth to a sixth of long_seconds is usual",
            )
        return self


class Cadence(Config):
    """How often each probe of a region is made, in seconds. The windows are written for a probe a second; those of a
    probe that comes more rarely are longer by as much, so that each holds as many results.
    """

    frontend: Seconds = 1.0
    workers: Seconds = 2.0
    start_latency: Seconds = 5.0
    canary: Seconds = 10.0
    replication: Seconds = 30.0
    ledger: Seconds = 2.0


def _windows() -> tuple[BurnWindow, ...]:
    return (
        BurnWindow(long_seconds=30.0, short_seconds=5.0, rate=14.4),
        BurnWindow(long_seconds=300.0, short_seconds=30.0, rate=6.0),
    )


class Slo(Config):
    """``objective`` is the share of time in which a probe must be good; what is left of 1 is the error budget.

    The rates are those of Google's SRE workbook (chapter 5, "Alerting on SLOs"), its hours scaled to seconds, because
    here an alarm moves work and wakes nobody: of a region that is gone, the first window is full enough in 5 s.
    A region counts as healthy again when it has not burned for ``recover_seconds``.
    """

    objective: float = Field(default=0.99, gt=0, lt=1)
    windows: tuple[BurnWindow, ...] = Field(default_factory=_windows, min_length=1)
    recover_seconds: Seconds = 30.0
    cadence: Cadence = Cadence()

    @model_validator(mode="after")
    def _every_window_can_burn(self) -> Self:
        for window in self.windows:
            if window.rate * self.budget >= 1:
                raise Refusal(
                    f"a region that is gone would not exceed {window.rate:g} times the budget of an objective of "
                    f"{self.objective:g}",
                    fix=f"lower the rate below {1 / self.budget:.3g}, or raise the objective",
                )
        return self

    @property
    def budget(self) -> float:
        """The share of time in which a probe may be bad."""
        return 1.0 - self.objective
