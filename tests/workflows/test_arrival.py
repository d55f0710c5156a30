"""What arrives, in its order: with activities that are stand-ins, over hours where a forge is silent for hours."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import pytest
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Replayer, Worker

from activities.failures import FailureInterceptor
from maestro.errors import BadInput, MaestroError, PlatformUnavailable
from maestro.model.arrival import (
    ARRIVED_SIGNAL,
    ArrivalKind,
    ArrivalRequest,
    Arrived,
    Followed,
    FollowRequest,
    GiveUpRequest,
    Looked,
)
from tests.workflows.conftest import eventually
from tests.workflows.fakes import pull_request
from workers.region import workflow_runner
from workflows.arrival import WAITING_LIMIT, ArrivalActivities, ArrivalWork, ArrivalWorkflow

Handle = WorkflowHandle[ArrivalWorkflow, None]


@dataclass
class Work:
    """The gateway's work, as told; ``troubles`` are raised first, ``hold`` keeps whoever follows."""

    troubles: list[MaestroError] = field(default_factory=list)
    endless: MaestroError | None = None
    hold: asyncio.Event | None = None
    heads: list[str] = field(default_factory=lambda: ["a" * 40])
    looks: list[Arrived] = field(default_factory=list)
    followed: list[FollowRequest] = field(default_factory=list)
    given_up: list[GiveUpRequest] = field(default_factory=list)
    deaf: bool = False

    async def look(self, arrived: Arrived) -> Looked:
        self.looks.append(arrived)
        if self.endless:
            raise self.endless
        if self.troubles:
            raise self.troubles.pop(0)
        head = self.heads.pop(0) if len(self.heads) > 1 else self.heads[0]
        return Looked(repo="acme/shop", pr="7", said="open", head_sha=head, pull_request=pull_request(head_sha=head))

    async def follow(self, request: FollowRequest) -> Followed:
        self.followed.append(request)
        if self.hold:
            await self.hold.wait()
        return Followed(said="done")

    async def give_up(self, request: GiveUpRequest) -> Followed:
        self.given_up.append(request)
        if self.deaf:
            raise BadInput("the forge takes no status")
        return Followed(said="told")

    @property
    def order(self) -> list[str]:
        return [request.arrived.digest for request in self.followed]


@dataclass
class Arrivals:
    client: Client
    work: Work
    queue: str
    id: str

    async def arrive(self, digest: str, *, linger_seconds: float = 300.0, patience_seconds: float = 21_600.0) -> Handle:
        """Something to look at, as the gateway hands it over."""
        return await self.tell(digest, linger_seconds=linger_seconds, patience_seconds=patience_seconds)

    async def tell(
        self,
        digest: str,
        *,
        kind: ArrivalKind = ArrivalKind.PULL_REQUEST,
        linger_seconds: float = 300.0,
        patience_seconds: float = 21_600.0,
    ) -> Handle:
        arrived = Arrived(forge="github", repo="acme/shop", pr="7", kind=kind, digest=digest)
        return await self.client.start_workflow(
            ArrivalWorkflow.run,
            ArrivalRequest(linger_seconds=linger_seconds, patience_seconds=patience_seconds),
            id=self.id,
            task_queue=self.queue,
            start_signal=ARRIVED_SIGNAL,
            start_signal_args=[arrived],
        )

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[None]:
        activities = ArrivalActivities(ArrivalWork(self.work.look, self.work.follow, self.work.give_up))
        async with Worker(
            self.client,
            task_queue=self.queue,
            workflows=[ArrivalWorkflow],
            activities=[activities.look, activities.follow, activities.give_up],
            workflow_runner=workflow_runner(),
            interceptors=[FailureInterceptor()],
        ):
            yield


def arrivals_at(client: Client, work: Work) -> Arrivals:
    return Arrivals(client, work, f"maestro-{uuid4()}", f"arrival/github/acme/shop/{uuid4()}")


async def test_arrivals_are_followed_in_their_order_one_at_a_time(temporal: Client) -> None:
    arrivals = arrivals_at(temporal, Work(hold=asyncio.Event()))
    work = arrivals.work
    async with arrivals.worker():
        await arrivals.tell("1", kind=ArrivalKind.RERUN)
        await eventually(lambda: work.order == ["1"])
        for digest in ("2", "3"):
            await arrivals.tell(digest, kind=ArrivalKind.ACTION)
        await asyncio.sleep(0.2)
        assert work.order == ["1"]
        assert work.hold
        work.hold.set()
        await eventually(lambda: work.order == ["1", "2", "3"])


async def test_the_same_delivery_counts_once_and_looks_that_wait_together_are_one(temporal: Client) -> None:
    arrivals = arrivals_at(temporal, Work())
    # Nobody polls yet: all of it waits.
    for digest in ("1", "2", "1", "3", "3"):
        await arrivals.arrive(digest)
    await arrivals.tell("4", kind=ArrivalKind.ACTION)
    await arrivals.arrive("5")
    async with arrivals.worker():
        await eventually(lambda: len(arrivals.work.followed) == 3)
        assert arrivals.work.order == ["3", "4", "5"]


async def test_what_does_not_fit_any_more_is_dropped_and_the_rest_is_followed(temporal: Client) -> None:
    arrivals = arrivals_at(temporal, Work())
    for number in range(WAITING_LIMIT + 5):
        await arrivals.tell(str(number), kind=ArrivalKind.ACTION)
    async with arrivals.worker():
        async with asyncio.timeout(60):
            while len(arrivals.work.followed) < WAITING_LIMIT:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await arrivals.tell("last", kind=ArrivalKind.ACTION)
        await eventually(lambda: arrivals.work.order[-1] == "last")
        assert len(arrivals.work.followed) == WAITING_LIMIT + 1


async def test_it_goes_on_under_a_new_run_with_what_waits_and_what_it_knows(temporal: Client) -> None:
    """The server of these tests asks for a new run after 150 events, of which these have more."""
    arrivals = arrivals_at(temporal, Work())
    for number in range(60):
        await arrivals.tell(str(number), kind=ArrivalKind.ACTION)
    async with arrivals.worker():
        handle = arrivals.client.get_workflow_handle(arrivals.id)
        first = (await handle.describe()).run_id
        async with asyncio.timeout(60):
            while len(arrivals.work.followed) < 60:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await arrivals.tell("59", kind=ArrivalKind.ACTION)
        await arrivals.tell("new", kind=ArrivalKind.ACTION)
        await eventually(lambda: arrivals.work.order[-1] == "new")
        assert arrivals.work.order == [*map(str, range(60)), "new"]
        assert (await handle.describe()).run_id != first


async def test_heads_that_were_begun_are_remembered_until_nothing_comes_for_a_while(temporal: Client) -> None:
    heads = [letter * 40 for letter in "abc"]
    arrivals = arrivals_at(temporal, Work(heads=list(heads)))
    async with arrivals.worker():
        for number in range(2):
            handle = await arrivals.arrive(str(number), linger_seconds=1.0)
            await eventually(lambda number=number: len(arrivals.work.followed) == number + 1)  # type: ignore[misc]
        assert [head.rpartition("/")[2] for head in arrivals.work.followed[1].heads] == heads[:2]
        await handle.result()
        await arrivals.arrive("later", linger_seconds=1.0)
        await eventually(lambda: len(arrivals.work.followed) == 3)
        assert [head.rpartition("/")[2] for head in arrivals.work.followed[2].heads] == heads[2:]


async def test_a_forge_that_is_silent_is_asked_again_and_what_came_meanwhile_is_one_look(temporal: Client) -> None:
    silence = PlatformUnavailable("no answer", field="forge")
    arrivals = arrivals_at(temporal, Work(troubles=[silence, silence]))
    async with arrivals.worker():
        await arrivals.arrive("1")
        await eventually(lambda: len(arrivals.work.looks) == 1)
        for digest in ("2", "3"):
            await arrivals.arrive(digest)
        await eventually(lambda: arrivals.work.order == ["1", "3"])
        assert arrivals.work.given_up == []


async def test_after_the_patience_is_spent_the_forge_is_told_and_the_next_is_followed(skipping: Client) -> None:
    arrivals = arrivals_at(skipping, Work(endless=PlatformUnavailable("no answer", field="forge")))
    async with arrivals.worker():
        await arrivals.arrive("1", patience_seconds=4.0)
        await eventually(lambda: len(arrivals.work.given_up) == 1)
        assert "no answer" in arrivals.work.given_up[0].why
        arrivals.work.endless = None
        await arrivals.arrive("2")
        await eventually(lambda: arrivals.work.order == ["2"])


@pytest.mark.parametrize("deaf", [False, True])
async def test_what_cannot_be_is_not_tried_again_and_may_be_delivered_again(temporal: Client, deaf: bool) -> None:
    arrivals = arrivals_at(temporal, Work(troubles=[BadInput("the token is revoked", field="token")], deaf=deaf))
    async with arrivals.worker():
        await arrivals.arrive("1")
        await eventually(lambda: len(arrivals.work.given_up) == 1)
        assert "the token is revoked" in arrivals.work.given_up[0].why
        await arrivals.tell("2", kind=ArrivalKind.ACTION)
        await eventually(lambda: arrivals.work.order == ["2"])
        await arrivals.arrive("1")
        await eventually(lambda: arrivals.work.order == ["2", "1"])


async def test_a_queues_commit_that_left_before_is_not_looked_at(temporal: Client) -> None:
    arrivals = arrivals_at(temporal, Work())
    async with arrivals.worker():
        for digest, kind in (("1", ArrivalKind.QUEUE_LEFT), ("2", ArrivalKind.QUEUE_HEAD), ("3", ArrivalKind.ACTION)):
            await arrivals.tell(digest, kind=kind)
        await eventually(lambda: arrivals.work.order == ["1", "3"])
        assert arrivals.work.looks == []


async def test_a_worker_that_dies_leaves_nothing_undone(temporal: Client) -> None:
    arrivals = arrivals_at(temporal, Work(hold=asyncio.Event()))
    async with arrivals.worker():
        await arrivals.arrive("1")
        await eventually(lambda: arrivals.work.order == ["1"])
    await arrivals.tell("2", kind=ArrivalKind.ACTION)
    assert arrivals.work.hold
    arrivals.work.hold.set()
    async with arrivals.worker():
        await eventually(lambda: arrivals.work.order[-1] == "2")
        assert arrivals.work.order == ["1", "1", "2"]


async def test_its_history_replays(temporal: Client) -> None:
    arrivals = arrivals_at(temporal, Work(troubles=[BadInput("the token is revoked", field="token")]))
    async with arrivals.worker():
        await arrivals.arrive("1", linger_seconds=1.0)
        handle = await arrivals.tell("2", kind=ArrivalKind.RERUN, linger_seconds=1.0)
        await handle.result()
    replayer = Replayer(
        workflows=[ArrivalWorkflow],
        workflow_runner=workflow_runner(),
        data_converter=temporal.data_converter,
    )
    await replayer.replay_workflow(await handle.fetch_history())


async def test_whoever_is_silent_is_asked_for_six_hours_at_least_once_a_minute(temporal: Client) -> None:
    """As the server was told: it skips no time while an activity waits for its next attempt."""
    arrivals = arrivals_at(temporal, Work())
    async with arrivals.worker():
        handle = await arrivals.arrive("1")
        await eventually(lambda: arrivals.work.order == ["1"])
    asked = [
        event.activity_task_scheduled_event_attributes
        async for event in handle.fetch_history_events()
        if event.HasField("activity_task_scheduled_event_attributes")
    ]
    assert {one.activity_type.name for one in asked} == {"look", "follow"}
    for one in asked:
        assert one.schedule_to_close_timeout.ToSeconds() == 6 * 3_600
        assert one.retry_policy.maximum_attempts == 0
        assert one.retry_policy.maximum_interval.ToSeconds() == 60
