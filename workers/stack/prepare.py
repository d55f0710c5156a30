"""Makes the stack's namespace what the topology says: retention, search attributes, schedules. Run once per start.

``python -m workers.stack.prepare``: a process of its own, so that the supervisor stays small and has no threads.
"""

import asyncio
import sys
from datetime import timedelta

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import UpdateNamespaceRequest
from temporalio.client import Client

from maestro.config.timings import timings_of
from maestro.config.topology import SearchAttributeType, Topology, load_topology
from maestro.errors import BadInput, MaestroError
from workers.connection import connect
from workers.exit import Leave
from workers.schedules import ensure_schedules

TYPES: dict[SearchAttributeType, IndexedValueType.ValueType] = {
    "Keyword": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "KeywordList": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
    "Text": IndexedValueType.INDEXED_VALUE_TYPE_TEXT,
    "Int": IndexedValueType.INDEXED_VALUE_TYPE_INT,
    "Double": IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE,
    "Bool": IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
    "Datetime": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
}


async def prepare(client: Client, topology: Topology) -> None:
    """Bring the namespace up to date. ``BadInput`` where a search attribute exists already with another type."""
    await ensure_retention(client, timedelta(days=topology.temporal.retention_days))
    await ensure_search_attributes(client, topology)
    await ensure_schedules(client, topology, timings_of(topology))


async def ensure_retention(client: Client, retention: timedelta) -> None:
    """Keep finished pull requests for ``retention``; the dev server's own default is one day."""
    config = NamespaceConfig()
    config.workflow_execution_retention_ttl.FromTimedelta(retention)
    await client.workflow_service.update_namespace(UpdateNamespaceRequest(namespace=client.namespace, config=config))


async def ensure_search_attributes(client: Client, topology: Topology) -> None:
    """Create the search attributes that are missing."""
    request = ListSearchAttributesRequest(namespace=client.namespace)
    known = (await client.operator_service.list_search_attributes(request)).custom_attributes
    missing = {}
    for name, kind in topology.search_attributes.items():
        if name not in known:
            missing[name] = TYPES[kind]
        elif known[name] != TYPES[kind]:
            raise BadInput(
                f"{name} exists in the namespace {client.namespace} with another type than {kind}",
                field=f"search_attributes.{name}",
                fix="give it the type that it has, use another name, or start with an empty MAESTRO_HOME",
            )
    if missing:
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing)
        )


async def main() -> int:
    topology = load_topology()
    try:
        await prepare(await connect(topology), topology)
    except MaestroError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    leave = Leave()
    leave(asyncio.run(main()))
