"""When a region counts as healthy."""

from datetime import timedelta

import pytest

from maestro.config.topology import HealthLimits
from maestro.placement.health import HealthSample, judge
from tests.placement.situations import NOW, region

LIMITS = HealthLimits(heartbeat_age_limit_seconds=30, backlog_limit=10, start_latency_p95_limit_seconds=60)


def ago(seconds: float) -> HealthSample:
    return HealthSample(workers=1, heartbeat_at=NOW - timedelta(seconds=seconds))


def test_a_live_worker_and_no_limit_passed_is_healthy_even_before_any_work() -> None:
    result = judge(region("a"), ago(30), limits=LIMITS, now=NOW)
    assert result.healthy
    assert result.reasons == ()
    assert result.heartbeat_age_seconds == 30
    assert result.measured_at == NOW


@pytest.mark.parametrize(
    ("sample", "reason"),
    [
        pytest.param(HealthSample(), "no worker of it is known to be alive", id="nobody was ever heard of"),
        pytest.param(ago(31), "last heard of 31 s ago (limit 30 s)", id="the newest worker fell silent"),
        pytest.param(
            ago(0).model_copy(update={"workers": 0}),
            "no worker of it is known",
            id="a sign of life of a worker that left",
        ),
        pytest.param(ago(-120), "clock is 2 min ahead", id="a sign of life from the future"),
        pytest.param(ago(0).model_copy(update={"backlog": 11}), "11 tasks wait in its queue (limit 10)", id="a queue"),
        pytest.param(
            ago(0).model_copy(update={"start_latency_p95_seconds": 61.0}), "waited up to 1 min 1 s", id="slow starts"
        ),
        pytest.param(
            HealthSample(problem="Temporal does not answer"),
            "could not be measured: Temporal does not",
            id="no measure",
        ),
    ],
)
def test_a_limit_that_is_passed_makes_it_unhealthy_in_a_sentence(sample: HealthSample, reason: str) -> None:
    result = judge(region("a"), sample, limits=LIMITS, now=NOW)
    assert not result.healthy
    assert len(result.reasons) == 1
    assert reason in result.reasons[0]


def test_a_clock_slightly_ahead_is_an_age_of_zero() -> None:
    result = judge(region("a"), ago(-2), limits=LIMITS, now=NOW)
    assert result.healthy
    assert result.heartbeat_age_seconds == 0
