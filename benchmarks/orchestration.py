"""What conducting costs beside the tests: ``make benchmark`` or ``python -m benchmarks.orchestration [--runs 50]``.

The pull request's whole workflow with stand-ins that do nothing, against a bare workflow that calls as many activities
in a row, on the same server, in turn. The ratio is the price of the phases, the card, the search attributes and the
details for the UI.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from tests.workflows.conftest import QUICK, Conductor, conducting, server_options
from tests.workflows.fakes import Fakes
from workers.exit import Leave

STEPS = 6
"""place, select, one shard, gather, decide and render."""

WARM_UP = 5


@activity.defn
async def nothing(number: int) -> int:
    """An activity that does nothing."""
    return number


@workflow.defn(sandboxed=False)
class Bare:
    """The floor: nothing but activities in a row."""

    @workflow.run
    async def run(self, steps: int) -> None:
        for step in range(steps):
            await workflow.execute_activity(nothing, step, start_to_close_timeout=timedelta(seconds=10))


async def timed(run: Callable[[], Awaitable[None]]) -> float:
    started = time.perf_counter()
    await run()
    return (time.perf_counter() - started) * 1000


def percentile(values: list[float], share: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1]


async def measure(client: Client, conductor: Conductor, runs: int) -> tuple[list[float], list[float]]:
    queue = f"bare-{uuid4()}"

    async def conducted() -> None:
        await (await conductor.start()).result()

    async def bare() -> None:
        await client.execute_workflow(Bare.run, STEPS, id=str(uuid4()), task_queue=queue)

    async with Worker(client, task_queue=queue, workflows=[Bare], activities=[nothing]):
        for _ in range(WARM_UP):
            await conducted()
            await bare()
        pairs = [(await timed(conducted), await timed(bare)) for _ in range(runs)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


async def main(runs: int) -> None:
    options = server_options()
    async with (
        await WorkflowEnvironment.start_local(**options, dev_server_extra_args=QUICK) as environment,
        conducting(environment.client, Fakes(shards=1)) as conductor,
    ):
        lifecycle, floor = await measure(environment.client, conductor, runs)
    print(f"{runs} runs each, in turn, after {WARM_UP} to warm up; milliseconds")
    print(f"{'':<32}{'p50':>8}{'p95':>8}")
    for name, values in (("pull request, empty activities", lifecycle), (f"bare, {STEPS} activities", floor)):
        print(f"{name:<32}{percentile(values, 50):>8.1f}{percentile(values, 95):>8.1f}")
    p50 = percentile(lifecycle, 50) / percentile(floor, 50)
    p95 = percentile(lifecycle, 95) / percentile(floor, 95)
    print(f"{'ratio':<32}{p50:>8.2f}{p95:>8.2f}")


if __name__ == "__main__":
    leave = Leave()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=50)
    asyncio.run(main(parser.parse_args().runs))
    leave(0)
