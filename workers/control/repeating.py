"""Reviewers' actions that were acknowledged just before a failover: taken again, in case the tail that had them was
lost. Each acts once, by its id: a workflow that knows it answers what it answered before.
"""

import asyncio
from datetime import timedelta
from typing import Any

from temporalio.client import RPCTimeoutOrCancelledError, WorkflowHandle, WorkflowUpdateStage
from temporalio.service import RPCError, RPCStatusCode

from maestro.ledger import Ledger
from maestro.model.decision import ReviewerAction
from maestro.model.pull_request import PullRequest
from maestro.model.record import RecordKind
from workers.clusters.clients import HERE

RECENT = timedelta(minutes=10)
"""How far back: far more than a standby may lag behind."""

RPC_TIMEOUT = timedelta(seconds=5)


async def repeat_actions(ledger: Ledger, handle: WorkflowHandle[Any, Any], pull_request: PullRequest) -> int:
    """Send the recent actions of a pull request again; how many were sent. One that no longer fits is refused."""
    since = await asyncio.to_thread(ledger.now) - RECENT
    records = await asyncio.to_thread(
        ledger.records.list,
        repo=pull_request.repo,
        pr=pull_request.pr,
        head_sha=pull_request.head_sha,
        kind=RecordKind.ACTION,
    )
    sent = 0
    for stored in records:
        effect = await asyncio.to_thread(ledger.effects.recorded, stored.record.key)
        if effect is None or effect.recorded_at < since or "action" not in effect.result:
            continue
        action = ReviewerAction.model_validate(effect.result["action"]).model_copy(update={"repeated": True})
        try:
            await handle.start_update(
                str(effect.result["kind"]),
                action,
                id=action.action_id,
                wait_for_stage=WorkflowUpdateStage.ACCEPTED,
                rpc_metadata=HERE,
                rpc_timeout=RPC_TIMEOUT,
            )
        except RPCTimeoutOrCancelledError:
            # The server has it and gives it to the next worker that polls.
            continue
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                # The workflow has ended meanwhile.
                return sent
            raise
        sent += 1
    return sent
