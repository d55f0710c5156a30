"""The worker of a gateway: it follows what arrives from forges. Any number of gateways may have one."""

from datetime import timedelta

from temporalio.client import Client
from temporalio.worker import Worker

from activities.arrival import ArrivalActivities, ArrivalWork
from activities.failures import FailureInterceptor
from maestro.config.topology import Topology
from maestro.model.arrival import arrivals_queue
from workers.region import workflow_runner
from workflows.arrival import ArrivalWorkflow

AT_ONCE = 50
"""Mostly waiting: for a forge, for git, for Temporal."""

GRACE = timedelta(seconds=10)


def arrivals_worker(client: Client, topology: Topology, work: ArrivalWork) -> Worker:
    """Not versioned, as every gateway follows whatever arrives: changes of the workflow have to be compatible."""
    activities = ArrivalActivities(work)
    return Worker(
        client,
        task_queue=arrivals_queue(topology.temporal.task_queue),
        workflows=[ArrivalWorkflow],
        activities=[activities.look, activities.follow, activities.give_up],
        workflow_runner=workflow_runner(),
        max_concurrent_activities=AT_ONCE,
        graceful_shutdown_timeout=GRACE,
        interceptors=[FailureInterceptor()],
    )
