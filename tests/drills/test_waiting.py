"""No region may be used: the pull request waits where everybody can see it, and goes on by itself."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.common import SearchAttributeKey

from maestro.model.decision import DecisionState, Phase
from tests.drills.stand import Stand, until
from tests.execution.repositories import Files

QUICK: Files = {"test_quick.py": "def test_quick(): pass"}
PHASE = SearchAttributeKey.for_keyword("MaestroPhase")


@contextmanager
def one_worker_by_hand(stand: Stand, region: str) -> Iterator[None]:
    """Kill every worker, and start that of one region again outside the supervisor's care."""
    processes = stand.stack.processes()
    worker = processes[f"worker {region}"]
    command, environment = worker.cmdline(), worker.environ()
    for name in list(processes):
        if name.startswith("worker"):
            stand.kill(name)
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as alone:
        try:
            yield
        finally:
            alone.kill()


async def test_a_pull_request_without_a_region_waits_in_sight_and_goes_on_when_a_worker_appears(stand: Stand) -> None:
    head = stand.propose("waiting", QUICK)
    with ExitStack() as by_hand:
        with stand.nothing_restarts():
            by_hand.enter_context(one_worker_by_hand(stand, "eu-west"))

            async def only_eu_west_is_healthy() -> bool:
                code, answer, _ = await stand.maestro("regions", "status", "--json")
                return code == 0 and {each["region"] for each in json.loads(answer) if each["healthy"]} == {"eu-west"}

            await until(only_eu_west_is_healthy, what="the dead region is seen to be dead")
            handle = await stand.start(head, "--tenant", "nordic")
            card = await stand.card_that(
                handle, lambda card: card.phase is Phase.WAITING_FOR_REGION, what="it waits for a region"
            )
            assert card.placement is not None
            assert card.placement.region is None
            refusals = {each.region: " ".join(each.reasons) for each in card.placement.assessments}
            assert "finland-only" in refusals["eu-west"]
            assert "eu-north" in refusals["eu-north"] or "worker" in refusals["eu-north"]

            async def shown() -> str:
                description = await handle.describe()
                return description.typed_search_attributes.get(PHASE, "")

            assert await until(shown, what="the search attribute") == Phase.WAITING_FOR_REGION.value
            metadata: WorkflowMetadata = await handle.query(
                "__temporal_workflow_metadata", result_type=WorkflowMetadata
            )
            assert f"phase `{Phase.WAITING_FOR_REGION.value}`" in metadata.current_details
        outcome = await stand.ended(handle)
    assert outcome.decision.state is DecisionState.GREEN
    assert outcome.card.placement is not None
    assert outcome.card.placement.region == "eu-north"
    assert [entry.event for entry in outcome.card.timeline].count("tests selected") == 1
