"""What counts as a good probe, and what a person reads of a bad one."""

import pytest

from maestro.config.clusters import Failover
from maestro.config.slo import Slo
from maestro.config.topology import HealthLimits
from maestro.regions.probes import Measurement, Probe, ProbeResult, classify
from maestro.regions.windows import cadence_seconds


def judged(probe: Probe, seconds: float | None = None, *, tasks: int | None = None, problem: str = "") -> ProbeResult:
    measured = Measurement(
        region="north", probe=probe, prober="west", seconds=seconds, tasks=tasks, problem=problem, at=7.0
    )
    return classify(measured, health=HealthLimits(), failover=Failover())


@pytest.mark.parametrize("probe", [probe for probe in Probe if probe is not Probe.START_LATENCY])
def test_a_probe_without_a_figure_is_bad(probe: Probe) -> None:
    assert not judged(probe).good
    assert "is not known" in judged(probe).detail


@pytest.mark.parametrize("probe", Probe)
def test_a_quick_answer_is_good_and_a_problem_is_bad_whatever_was_measured(probe: Probe) -> None:
    assert judged(probe, 0.1, tasks=0) == ProbeResult(
        region="north", probe=probe, prober="west", good=True, value=0.1, at=7.0
    )
    assert judged(probe, 0.1, problem="connection refused").detail == "connection refused"
    assert not judged(probe, 0.1, problem="connection refused").good


def test_where_nothing_was_started_nothing_has_waited() -> None:
    assert judged(Probe.START_LATENCY, None, tasks=0).good


@pytest.mark.parametrize(
    ("probe", "seconds", "tasks", "sentence"),
    [
        pytest.param(
            Probe.FRONTEND, 1.6, None, "the frontend's answer time is 1.6 s (limit 1.5 s)", id="a slow frontend"
        ),
        pytest.param(
            Probe.WORKERS,
            40.0,
            None,
            "the age of the newest worker's sign of life is 40 s (limit 30 s)",
            id="workers that fell silent",
        ),
        pytest.param(
            Probe.START_LATENCY,
            61.0,
            201,
            "the wait of recent tasks (p95) is 1 min 1 s (limit 1 min); 201 tasks wait (limit 200)",
            id="a queue that grows",
        ),
        pytest.param(Probe.CANARY, 11.0, None, "the canary's time is 11 s (limit 10 s)", id="a canary that hangs"),
        pytest.param(
            Probe.REPLICATION,
            2.0,
            501,
            "501 tasks wait (limit 500)",
            id="a standby with a backlog",
        ),
        pytest.param(Probe.LEDGER, 1.5, None, "the ledger's answer time is 1.5 s (limit 1 s)", id="a slow ledger"),
    ],
)
def test_what_is_beyond_a_limit_is_said_with_the_limit(
    probe: Probe, seconds: float, tasks: int | None, sentence: str
) -> None:
    found = judged(probe, seconds, tasks=tasks)
    assert not found.good
    assert found.detail == sentence


@pytest.mark.parametrize("probe", Probe)
def test_each_probe_has_its_cadence(probe: Probe) -> None:
    assert cadence_seconds(Slo(), probe) > 0
