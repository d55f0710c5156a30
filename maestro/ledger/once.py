"""The one short way to every effect, so that the right thing is the short thing.

- Nothing but rows of this ledger: ``ledger.effects.once``.
- Work that takes time, then rows: ``performing``.
- A remote that cannot join a transaction (git, a forge): ``once_at_remote``.

Whoever comes second gets the recorded result, and nothing is done again.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pydantic import JsonValue

from maestro.canonical import digest
from maestro.errors import Conflict
from maestro.ledger.effect_rows import Effect, same_request
from maestro.ledger.effects import Also
from maestro.ledger.holding import holding
from maestro.ledger.leases import ANYBODY, Lease
from maestro.ledger.ledger import Ledger
from maestro.model.region import Standing

Ask = Callable[[], Awaitable[Mapping[str, JsonValue] | None]]
"""Asks the remote whether the call was made already: what it came to, or None."""

Call = Callable[[], Awaitable[Mapping[str, JsonValue]]]
"""Calls the remote and returns what it came to."""


@dataclass(frozen=True)
class Turn:
    """Somebody's turn at an effect: either it is ``recorded`` already, or there is a ``lease`` to work under."""

    key: str
    request_digest: str
    ledger: Ledger
    recorded: Effect | None = None
    held: Lease | None = None

    @property
    def lease(self) -> Lease:
        """The lease to write under. Raises Conflict where the effect is recorded: there is nothing left to do."""
        if self.held is None:
            raise Conflict("the effect is recorded already", field=self.key, fix="return what is recorded")
        return self.held

    async def commit(self, result: Mapping[str, JsonValue], *, also: Also | None = None) -> Effect:
        """Record the effect with ``also`` in one transaction, or return what was recorded before.

        Raises StaleFence where the lease is lost.
        """
        return await asyncio.to_thread(
            self.ledger.effects.commit,
            self.key,
            lease=self.lease,
            request_digest=self.request_digest,
            result=result,
            also=also,
        )


@asynccontextmanager
async def performing(
    ledger: Ledger,
    key: str,
    *,
    request: JsonValue,
    holder: str,
    ttl_seconds: float,
    standing: Standing = ANYBODY,
) -> AsyncIterator[Turn]:
    """A turn at the effect of this key. Look at ``turn.recorded`` first: where it is there, no lease was asked for.

    Otherwise the lease is held for as long as the block runs, and the block is stopped where it cannot be renewed.
    Raises LeaseHeld while somebody else is at work, LeaseLost (StaleEpoch, StaleFence) where this process has to stop,
    Conflict where the key stands for another request.
    """
    request_digest = digest(request)
    recorded = await _recorded(ledger, key, request_digest)
    if recorded is not None:
        yield Turn(key, request_digest, ledger, recorded=recorded)
        return
    lease = await asyncio.to_thread(
        ledger.leases.acquire, key, holder=holder, ttl_seconds=ttl_seconds, standing=standing
    )
    async with holding(ledger.leases, lease, ttl_seconds=ttl_seconds):
        # Somebody may have recorded it, and let go of the lease, since the first look.
        recorded = await _recorded(ledger, key, request_digest)
        yield Turn(key, request_digest, ledger, recorded=recorded, held=lease)


async def once_at_remote(
    ledger: Ledger,
    key: str,
    *,
    request: JsonValue,
    holder: str,
    ttl_seconds: float,
    standing: Standing = ANYBODY,
    ask: Ask,
    call: Call,
) -> Effect:
    """Call a remote once: the intent is noted, then ``call``, then its outcome.

    ``call`` must be a compare-and-swap or idempotent at the remote: a process that is frozen between the intent and
    the call makes it after it thaws, when its lease is long gone, and no ledger can stop that. Where an earlier holder
    left an intent, ``ask`` says what came of it, and ``call`` is made only if nothing did.

    Raises as ``performing`` does, and what ``ask`` and ``call`` raise; the intent is kept then for whoever comes next.
    """
    async with performing(
        ledger, key, request=request, holder=holder, ttl_seconds=ttl_seconds, standing=standing
    ) as turn:
        if turn.recorded is not None:
            return turn.recorded
        intent = await asyncio.to_thread(
            ledger.effects.intend, key, lease=turn.lease, request_digest=turn.request_digest
        )
        outcome = None if intent.first else await ask()
        if outcome is None:
            outcome = await call()
        return await asyncio.to_thread(
            ledger.effects.complete, key, lease=turn.lease, request_digest=turn.request_digest, result=outcome
        )


async def _recorded(ledger: Ledger, key: str, request_digest: str) -> Effect | None:
    return same_request(await asyncio.to_thread(ledger.effects.recorded, key), request_digest)
