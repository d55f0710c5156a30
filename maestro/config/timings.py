"""The durations of the topology that one pull request is conducted under."""

from maestro.config.topology import Topology
from maestro.model.conduct import Timings


def timings_of(topology: Topology) -> Timings:
    """What a pull request started now carries with it; a topology that changes later does not change it."""
    run, decision = topology.run, topology.decision
    return Timings(
        heartbeat_timeout_seconds=run.heartbeat_timeout_seconds,
        schedule_to_start_timeout_seconds=run.schedule_to_start_timeout_seconds,
        shard_timeout_seconds=run.shard_timeout_seconds,
        placement_deadline_seconds=decision.placement_deadline_seconds,
        person_deadline_seconds=decision.person_deadline_seconds,
        reminder_after_seconds=decision.reminder_after_seconds,
        blocked_open_seconds=decision.blocked_open_seconds,
    )
