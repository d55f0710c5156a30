"""The schedules of a namespace, created idempotently: an existing one is brought up to date, never doubled."""

from datetime import timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)

from maestro.config.topology import Topology
from maestro.model.calibration import CalibrationRequest
from maestro.model.conduct import Timings
from maestro.model.night import NightRequest
from workflows.calibration import CalibrationWorkflow
from workflows.nightly import NightlyWorkflow

NIGHTLY = "maestro-nightly"
CALIBRATION = "maestro-calibration"


def nightly(topology: Topology, timings: Timings) -> Schedule:
    """The night: once a day, never two at once, and after an outage only within the configured hours."""
    config = topology.nightly
    return Schedule(
        action=ScheduleActionStartWorkflow(
            NightlyWorkflow.run,
            NightRequest(timings=timings),
            id=NIGHTLY,
            task_queue=topology.temporal.task_queue,
            static_summary="what was left out during the day, then the full suites",
        ),
        spec=ScheduleSpec(
            calendars=[
                ScheduleCalendarSpec(
                    hour=[ScheduleRange(config.hour)],
                    minute=[ScheduleRange(config.minute)],
                    comment="nightly: the long tail",
                )
            ],
            time_zone_name=config.time_zone,
        ),
        policy=SchedulePolicy(
            overlap=ScheduleOverlapPolicy.SKIP, catchup_window=timedelta(seconds=config.catchup_seconds)
        ),
    )


def calibration(topology: Topology, timings: Timings) -> Schedule:
    """The calibration: once a week, never two at once, and after an outage only within the configured time."""
    config = topology.calibration
    return Schedule(
        action=ScheduleActionStartWorkflow(
            CalibrationWorkflow.run,
            CalibrationRequest(timings=timings),
            id=CALIBRATION,
            task_queue=topology.temporal.task_queue,
            static_summary="is each model's promise kept, and is a new one better",
        ),
        spec=ScheduleSpec(
            calendars=[
                ScheduleCalendarSpec(
                    day_of_week=[ScheduleRange(config.weekday)],
                    hour=[ScheduleRange(config.hour)],
                    minute=[ScheduleRange(config.minute)],
                    comment="weekly: models of test selection",
                )
            ],
            time_zone_name=config.time_zone,
        ),
        policy=SchedulePolicy(
            overlap=ScheduleOverlapPolicy.SKIP, catchup_window=timedelta(seconds=config.catchup_seconds)
        ),
    )


async def ensure_schedules(client: Client, topology: Topology, timings: Timings) -> None:
    """Create the schedules, or update those that exist to what the topology says now."""
    await _ensure(client, NIGHTLY, nightly(topology, timings))
    await _ensure(client, CALIBRATION, calibration(topology, timings))


async def _ensure(client: Client, name: str, schedule: Schedule) -> None:
    try:
        await client.create_schedule(name, schedule)
    except ScheduleAlreadyRunningError:

        def update(current: ScheduleUpdateInput) -> ScheduleUpdate:
            # Whether somebody paused it is theirs to say, not the file's.
            schedule.state = current.description.schedule.state
            return ScheduleUpdate(schedule=schedule)

        await client.get_schedule_handle(name).update(update)
