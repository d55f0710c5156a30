"""A canary where there can be none: a hosted cluster lets nobody make a namespace."""

from contextlib import AsyncExitStack
from types import SimpleNamespace
from typing import Any, cast

import pytest
from temporalio.service import RPCError, RPCStatusCode

from maestro.config.topology import load_topology
from tests.clusters.conftest import TOPOLOGY
from workers.control.canary import Canary
from workers.control.clusters import Clusters


def hosted(status: RPCStatusCode) -> Clusters:
    """Clusters that answer with this whoever wants to make a namespace."""

    async def register_namespace(_request: object) -> None:
        raise RPCError("no", status, b"")

    async def client(_name: str) -> Any:
        return SimpleNamespace(workflow_service=SimpleNamespace(register_namespace=register_namespace))

    return cast("Clusters", SimpleNamespace(topology=load_topology(TOPOLOGY), client=client))


@pytest.mark.parametrize("status", [RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED])
async def test_a_cluster_that_lets_nobody_make_a_namespace_has_no_canary_and_does_not_burn_for_it(
    status: RPCStatusCode,
) -> None:
    async with AsyncExitStack() as stack:
        canary = Canary(hosted(status), "north", prober="eu-north", stack=stack)
        assert await canary.sing(timeout_seconds=5) is None


async def test_any_other_answer_counts_against_the_cluster() -> None:
    async with AsyncExitStack() as stack:
        canary = Canary(hosted(RPCStatusCode.UNAVAILABLE), "north", prober="eu-north", stack=stack)
        answer = await canary.sing(timeout_seconds=5)
    assert answer == (None, "the canary failed: no")
