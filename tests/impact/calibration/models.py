"""A model file and its parts, made up for one test."""

from datetime import UTC, datetime

import numpy as np
from pydantic import BaseModel

from maestro.impact.calibration.modelfile import ModelFile, Threshold
from maestro.impact.calibration.window import window_of
from maestro.impact.history.builds import Build, History
from tests.impact.calibration.walks import figures_of


class Weights(BaseModel):
    """Stands for what a fit returns."""

    weights: tuple[float, ...]


def build_of(number: int, *, seconds: float = 1.0) -> Build:
    """A build of two tests, of which the second fails."""
    return Build(
        id=f"b{number}",
        time=float(number),
        tests=np.array([0, 1], np.int32),
        verdicts=np.array([0, 1], np.uint8),
        seconds=np.array([seconds, seconds], np.float32),
        files=("shop/price.py",),
    )


def history_of(*builds: Build) -> History:
    return History(names=("t0", "t1"), builds=builds)


def model_file(*, repo: str = "acme/shop") -> ModelFile:
    return ModelFile(
        repo=repo,
        tenant="default",
        created_at=datetime(2026, 11, 23, 3, 0, tzinfo=UTC),
        window=window_of(history_of(build_of(0), build_of(1))),
        figures=figures_of(red_builds=30, escapes={0.05: 1}),
        replaced=None,
        method="weights-1",
        parameters={"weights": [0.5, -1.25]},
        thresholds=(Threshold(tau=0.05, value=0.02),),
    )
