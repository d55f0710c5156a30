"""On whose behalf an activity acts, and when it may not act at all."""

from typing import Any, cast

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from activities.failures import FailureInterceptor
from activities.services import Services
from activities.standing import StandingInterceptor, current_standing
from maestro.errors import StaleEpoch
from maestro.ledger import Ledger
from maestro.model.region import Standing

NAMESPACE = "maestro"
NORTH = Standing(region="eu-north", epoch=1, namespace=NAMESPACE)
WEST = Standing(region="eu-west", epoch=2, namespace=NAMESPACE)
TASK = cast("ExecuteActivityInput", object())


class Activity(ActivityInboundInterceptor):
    """Stands for the activity itself: says on whose behalf it ran, or fails."""

    def __init__(self, failure: Exception | None = None) -> None:
        self._failure = failure

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - SDK's signature
        if self._failure is not None:
            raise self._failure
        return current_standing()


@pytest.fixture
def ledger(services: Services) -> Ledger:
    services.ledger.epochs.begin(NAMESPACE, 1, "north")
    return services.ledger


async def run(ledger: Ledger, standing: Standing, activity: ActivityInboundInterceptor | None = None) -> Any:
    interceptor = StandingInterceptor(ledger, standing).intercept_activity(activity or Activity())
    return await interceptor.execute_activity(TASK)


async def test_an_activity_of_the_epoch_that_acts_knows_on_whose_behalf(ledger: Ledger) -> None:
    assert await run(ledger, NORTH) == NORTH
    assert current_standing() == Standing(), "nothing is left behind for the next one"


async def test_a_task_of_an_epoch_that_is_over_is_refused_before_it_runs(ledger: Ledger) -> None:
    ledger.epochs.raise_to(NAMESPACE, version=2, cluster="west", reason="north froze")
    ran = Activity(AssertionError("it ran"))
    with pytest.raises(StaleEpoch, match="epoch 1 of eu-north is not admitted: west acts now, under 2"):
        await run(ledger, NORTH, ran)
    assert await run(ledger, WEST) == WEST


async def test_a_local_activity_acts_under_the_epoch_that_holds_when_it_runs(ledger: Ledger) -> None:
    now = [NORTH]
    local = StandingInterceptor(ledger, lambda: now[0]).intercept_activity(Activity())
    ledger.epochs.raise_to(NAMESPACE, version=2, cluster="west", reason="north froze")
    with pytest.raises(StaleEpoch):
        await local.execute_activity(TASK)
    now[0] = WEST
    assert await local.execute_activity(TASK) == WEST


async def test_both_sides_of_a_planned_handover_work_until_it_is_settled(ledger: Ledger) -> None:
    ledger.epochs.raise_to(NAMESPACE, version=2, cluster="west", reason="planned", keep_leaving=True)
    assert [await run(ledger, standing) for standing in (NORTH, WEST)] == [NORTH, WEST]
    ledger.epochs.settle(NAMESPACE)
    with pytest.raises(StaleEpoch):
        await run(ledger, NORTH)


async def test_an_epoch_of_a_namespace_that_the_ledger_does_not_know_is_refused(ledger: Ledger) -> None:
    with pytest.raises(StaleEpoch, match="knows no epoch"):
        await run(ledger, NORTH.model_copy(update={"namespace": "nowhere"}))


async def test_one_server_has_no_epoch_and_nothing_is_checked(ledger: Ledger) -> None:
    alone = Standing(region="eu-north")
    assert await run(ledger, alone) == alone


async def test_an_activity_that_fails_leaves_no_standing_behind(ledger: Ledger) -> None:
    with pytest.raises(RuntimeError):
        await run(ledger, NORTH, Activity(RuntimeError("no")))
    assert current_standing() == Standing()


async def test_a_refused_task_is_given_again_soon_and_alarms_nobody(ledger: Ledger) -> None:
    ledger.epochs.raise_to(NAMESPACE, version=2, cluster="west", reason="north froze")
    inner = StandingInterceptor(ledger, NORTH).intercept_activity(Activity())
    with pytest.raises(ApplicationError) as refused:
        await FailureInterceptor().intercept_activity(inner).execute_activity(TASK)
    assert refused.value.type == "StaleEpoch"
    assert not refused.value.non_retryable
    assert refused.value.next_retry_delay is not None
    assert refused.value.category.name == "BENIGN"
