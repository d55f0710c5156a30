"""What starts by itself: the night every day, the calibration once a week, each only once at a time."""

import pytest
from temporalio.client import ScheduleActionStartWorkflow, ScheduleOverlapPolicy

from maestro.config.timings import timings_of
from maestro.config.topology import CalibrationTime, Topology, load_topology
from tests.localstack import TOPOLOGY
from workers.schedules import calibration, nightly


@pytest.fixture
def topology() -> Topology:
    return load_topology(TOPOLOGY)


def test_the_calibration_starts_once_a_week_when_the_topology_says(topology: Topology) -> None:
    at = CalibrationTime(weekday=3, hour=4, minute=30, time_zone="Europe/Berlin")
    schedule = calibration(topology.model_copy(update={"calibration": at}), timings_of(topology))
    (calendar,) = schedule.spec.calendars
    assert [(part.start, part.end) for part in calendar.day_of_week] == [(3, 3)]
    assert [part.start for part in (*calendar.hour, *calendar.minute)] == [4, 30]
    assert schedule.spec.time_zone_name == "Europe/Berlin"


def test_what_starts_by_itself_never_runs_twice_at_once_and_under_different_names(topology: Topology) -> None:
    both = [make(topology, timings_of(topology)) for make in (nightly, calibration)]
    assert all(schedule.policy.overlap is ScheduleOverlapPolicy.SKIP for schedule in both)
    ids = [schedule.action.id for schedule in both if isinstance(schedule.action, ScheduleActionStartWorkflow)]
    assert len(set(ids)) == 2
