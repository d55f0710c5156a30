"""Opens the tree of a head for an activity, under the region's limits and the tenant's policy on the network."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from activities.services import Services
from maestro.execution.settings import ExecutionSettings
from maestro.execution.tree import Tree, open_tree
from maestro.home import home
from maestro.model.pull_request import PullRequest
from maestro.policy.network import rule_on_network


@asynccontextmanager
async def opened(services: Services, pull_request: PullRequest) -> AsyncIterator[tuple[Tree, Path]]:
    """The head's tree and an empty folder for logs; both are gone after the block."""
    with tempfile.TemporaryDirectory(prefix="maestro-") as folder:
        async with open_tree(
            pull_request, pull_request.head_sha, home=home(), settings=_settings(services, pull_request)
        ) as tree:
            yield tree, Path(folder)


def _settings(services: Services, pull_request: PullRequest) -> ExecutionSettings:
    run = services.topology.run
    return ExecutionSettings(
        isolation=run.isolation,
        shard_timeout_seconds=run.shard_timeout_seconds,
        hang_timeout_seconds=run.hang_timeout_seconds,
        output_limit_bytes=run.output_limit_bytes,
        network=rule_on_network(tenant=pull_request.tenant, wanted=True, policy=services.policy).allowed,
        protected_ports=services.topology.own_ports(),
    )
