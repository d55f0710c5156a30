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
from maestro.model.conduct import Timings
from maestro.model.night import NightRequest
from workflows.nightly import NightlyWorkflow

NIGHTLY = "maestro-nightly"


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


async def ensure_schedules(client: Client, topology: Topology, timings: Timings) -> None:
    """Create the schedules, or update those that exist to what the topology says now."""
    schedule = nightly(topology, timings)
    try:
        await client.create_schedule(NIGHTLY, schedule)
    except ScheduleAlreadyRunningError:

        def update(current: ScheduleUpdateInput) -> ScheduleUpdate:
            # Whether somebody paused it is theirs to say, not the file's.
            schedule.state = current.description.schedule.state
            return ScheduleUpdate(schedule=schedule)

        await client.get_schedule_handle(NIGHTLY).update(update)
