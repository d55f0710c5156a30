"""Records the histories that every later release must be able to replay: ``make histories``.

Each scenario is a life of a pull request against stand-ins for the activities. A recorded file is never overwritten:
it stands for the release that wrote it. A new behaviour gets a scenario of its own.
"""

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowFailureError, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from maestro.model.conduct import DecideRequest, RegionLeft, Timings
from maestro.model.decision import ActionKind, DecisionState, Phase
from maestro.model.night import NightPlan, NightRequest, NightTask, TraceProbe
from tests.workflows.calibrating import FakeCalibration, calibration
from tests.workflows.conftest import QUICK, Conductor, act, action, card_in, conducting, eventually, server_options
from tests.workflows.fakes import Fakes, artifact, needs_person_until_approved, pull_request, risky_plan
from workers.exit import Leave
from workflows.nightly import NightlyWorkflow

FOLDER = Path(__file__).parent / "recorded"

STACK_TRACE = re.compile(r'"stackTrace": "(?:[^"\\]|\\.)*"')
"""Names folders of the machine that recorded it; no workflow reads it."""

Ended = WorkflowHandle[Any, Any]
Scenario = tuple[Fakes, Callable[[Conductor], Awaitable[Ended]]]


async def _green(conductor: Conductor) -> Ended:
    handle = await conductor.start()
    await handle.result()
    return handle


async def _watched(conductor: Conductor) -> Ended:
    """Asked for its card again and again, as an open live card does."""
    handle = await conductor.start()
    ended = asyncio.create_task(handle.result())
    while not ended.done():
        await handle.query("card")
    await ended
    return handle


async def _retried(conductor: Conductor) -> Ended:
    handle = await conductor.start()
    await card_in(handle, Phase.WAITING_FOR_PERSON)
    await act(handle, ActionKind.RETRY, action())
    await handle.result()
    return handle


async def _approved(conductor: Conductor) -> Ended:
    handle = await conductor.start()
    await card_in(handle, Phase.WAITING_FOR_PERSON)
    await handle.signal("approve", action(actor="ada"))
    await act(handle, ActionKind.APPROVE, action())
    await handle.result()
    return handle


async def _moved(conductor: Conductor) -> Ended:
    handle = await conductor.start(timings=Timings(schedule_to_start_timeout_seconds=1))
    await handle.result()
    return handle


async def _escalated_while_running(conductor: Conductor) -> Ended:
    fakes = conductor.fakes
    handle = await conductor.start()
    await eventually(lambda: len(fakes.ran) == fakes.shards)
    await act(handle, ActionKind.ESCALATE_TESTS, action())
    await eventually(lambda: len(fakes.selected) == 2)
    if fakes.hold_shards:
        fakes.hold_shards.set()
    await handle.result()
    return handle


async def _incident(conductor: Conductor) -> Ended:
    fakes = conductor.fakes
    handle = await conductor.start()
    await eventually(lambda: len(fakes.ran) == fakes.shards)
    await act(handle, ActionKind.INCIDENT, action(card_version=0, reason="it deleted a table"))
    await handle.signal("escalate_tests", action(card_version=0))
    if fakes.hold_shards:
        fakes.hold_shards.set()
    await card_in(handle, Phase.WAITING_FOR_PERSON)
    await act(handle, ActionKind.APPROVE, action(reason="the table was a copy"))
    await handle.result()
    return handle


def _unless_held(request: DecideRequest) -> DecisionState:
    opened = [incident for incident in request.incidents if incident.answer is None]
    return DecisionState.NEEDS_PERSON if opened else DecisionState.GREEN


async def _published(conductor: Conductor) -> Ended:
    handle = await conductor.start(base_ref="main", publish=("comment", "merge"))
    await eventually(lambda: len(conductor.fakes.commented) == 1)
    await card_in(handle, Phase.WAITING_FOR_PERSON)
    await act(handle, ActionKind.APPROVE, action())
    await handle.result()
    return handle


async def _shown(conductor: Conductor) -> Ended:
    fakes = conductor.fakes
    handle = await conductor.start(base_ref="main", publish=("comment", "merge", "status"))
    await eventually(lambda: len(fakes.commented) == 1 and len(fakes.stated) == 2)
    card = await card_in(handle, Phase.WAITING_FOR_PERSON)
    await act(handle, ActionKind.ESCALATE_TESTS, action(card_version=card.version))
    await eventually(lambda: len(fakes.commented) == 2 and len(fakes.stated) == 4)
    card = await card_in(handle, Phase.WAITING_FOR_PERSON)
    await act(handle, ActionKind.APPROVE, action(card_version=card.version))
    await handle.result()
    return handle


async def _shown_and_cancelled(conductor: Conductor) -> Ended:
    handle = await conductor.start(publish=("status",))
    await eventually(lambda: len(conductor.fakes.ran) == conductor.fakes.shards)
    await handle.cancel()
    with suppress(WorkflowFailureError):
        await handle.result()
    return handle


async def _left(conductor: Conductor) -> Ended:
    fakes = conductor.fakes
    handle = await conductor.start(timings=Timings(heartbeat_timeout_seconds=3_600))
    await eventually(lambda: len(fakes.stuck) == fakes.shards)
    left = RegionLeft(region=fakes.ran[0].region, reason="its cluster does not answer", epoch=2)
    for _ in range(2):
        await handle.signal("region_left", left)
    await handle.result()
    fakes.thaw.set()
    return handle


async def _expired(conductor: Conductor) -> Ended:
    handle = await conductor.start(timings=Timings(person_deadline_seconds=2, reminder_after_seconds=1))
    await handle.result()
    return handle


async def _risky(conductor: Conductor) -> Ended:
    handle = await conductor.start(head_sha="c" * 40)
    await handle.result()
    await conductor.client.get_workflow_handle(pull_request(head_sha="c" * 40).key("replay")).result()
    return handle


async def _replay(conductor: Conductor) -> Ended:
    # A head of its own, because one is replayed once.
    handle = await conductor.start(head_sha="d" * 40)
    await handle.result()
    replay: Ended = conductor.client.get_workflow_handle(pull_request(head_sha="d" * 40).key("replay"))
    await replay.result()
    return replay


async def _night(conductor: Conductor) -> Ended:
    handle = await conductor.client.start_workflow(
        NightlyWorkflow.run, NightRequest(), id=f"night-{conductor.queue}", task_queue=conductor.queue
    )
    await handle.result()
    return handle


async def _calibration(conductor: Conductor) -> Ended:
    repositories = FakeCalibration(repositories=("acme/broken", "acme/shop"), broken=frozenset({"acme/broken"}))
    return await calibration(conductor.client, repositories)


def _probes() -> list[TraceProbe]:
    return [TraceProbe(revision=letter * 40, attempt=0, tests=artifact()) for letter in "ab"]


def scenarios() -> dict[str, Scenario]:
    """Each behaviour that shipped, with the stand-ins that bring it about."""
    owed = NightTask(pull_request=pull_request(), title="left out", only=artifact(), settles=pull_request())
    return {
        "green": (Fakes(shards=3), _green),
        "watched-all-the-time": (Fakes(shards=3), _watched),
        "not-applicable": (Fakes(applicable=False), _green),
        "red-then-retried": (Fakes(failing=[2, 0]), _retried),
        "approved-after-a-refused-signal": (Fakes(decide_as=needs_person_until_approved), _approved),
        "reminded-and-expired": (Fakes(decide_as=needs_person_until_approved), _expired),
        "waited-for-a-region": (Fakes(regions=[None, "eu-north"]), _green),
        "moved-to-another-region": (Fakes(regions=["eu-dead", "eu-north"], dead=frozenset({"eu-dead"})), _moved),
        "escalated-while-running": (Fakes(hold_shards=asyncio.Event()), _escalated_while_running),
        "incident-answered": (Fakes(hold_shards=asyncio.Event(), decide_as=_unless_held), _incident),
        "merged-and-commented": (Fakes(decide_as=needs_person_until_approved), _published),
        "sealed": (Fakes(shards=3), _green),
        "sealed-merged-and-sealed-again": (Fakes(decide_as=needs_person_until_approved), _published),
        "not-sealed-so-not-merged": (
            Fakes(refuse_seal="an artifact is gone", decide_as=needs_person_until_approved),
            _published,
        ),
        "shown-from-start-to-end": (Fakes(decide_as=needs_person_until_approved), _shown),
        "shown-and-cancelled": (Fakes(hold_shards=asyncio.Event()), _shown_and_cancelled),
        "left-in-the-middle-of-a-shard": (
            Fakes(regions=["eu-north", "eu-west"], frozen=frozenset({"run_shard"}), shards=3),
            _left,
        ),
        "risky-and-replayed": (Fakes(on_select=risky_plan), _risky),
        "replay": (Fakes(on_select=risky_plan), _replay),
        "calibration": (Fakes(), _calibration),
        "nightly": (Fakes(night=NightPlan(tasks=(owed, NightTask(pull_request=pull_request(), title="main")))), _night),
        "nightly-traced": (Fakes(night=NightPlan(tasks=(owed,)), failing=[1], probes=_probes()), _night),
    }


async def record() -> None:
    """Write the history of every scenario that has none yet."""
    FOLDER.mkdir(exist_ok=True)
    async with await WorkflowEnvironment.start_local(**server_options(), dev_server_extra_args=QUICK) as environment:
        for name, (fakes, play) in scenarios().items():
            path = FOLDER / f"{name}.json"
            if path.exists():
                continue
            async with conducting(environment.client, fakes) as conductor:
                handle = await play(conductor)
                history = await handle.fetch_history()
            path.write_text(STACK_TRACE.sub('"stackTrace": ""', history.to_json()) + "\n", encoding="utf-8")
            sys.stdout.write(f"recorded {path.name}: {len(history.events)} events\n")


if __name__ == "__main__":
    leave = Leave()
    asyncio.run(record())
    leave(0)
