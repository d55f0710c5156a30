"""What the other processes of a test do: importable, so that a fresh interpreter can run it."""

import os
import random
import signal
import time
from contextlib import suppress
from datetime import UTC, datetime

import sqlalchemy as sa
from pydantic import JsonValue

from maestro.errors import LeaseHeld, LeaseLost, StaleEpoch, StaleFence
from maestro.ledger import Ledger
from maestro.ledger.leases import require_valid
from maestro.ledger.schema import effects, now_seconds
from maestro.model.record import DecisionRecord, RecordKind
from maestro.model.region import Standing

RESOURCE = "shard/contended"


def open_and_append(url: str, number: int) -> None:
    with Ledger.open(url) as ledger:
        ledger.records.append(
            DecisionRecord(
                key=f"decision/{number}",
                kind=RecordKind.DECISION,
                repo="acme/shop",
                pr="7",
                head_sha="a" * 40,
                actor="policy",
                outcome="green",
                reason="every selected test passed",
                at=datetime(2026, 11, 20, tzinfo=UTC),
            )
        )


def contend(url: str, holder: str, *, ttl_seconds: float, keys: int) -> list[tuple[int, str, bool]]:
    """Take the one lease again and again, each time trying to commit the next key that is not there yet.

    Returns each commit that went through as (fence, key, first).
    """
    done: list[tuple[int, str, bool]] = []
    with Ledger.open(url) as ledger:
        number = 0
        while number < keys:
            try:
                lease = ledger.leases.acquire(RESOURCE, holder=holder, ttl_seconds=ttl_seconds)
            except LeaseHeld:
                time.sleep(ttl_seconds / 10)
                continue
            try:
                while number < keys:
                    result: dict[str, JsonValue] = {"by": holder, "fence": lease.fence}
                    effect = ledger.effects.commit(f"effect/{number}", lease=lease, request_digest="d", result=result)
                    done.append((lease.fence, effect.key, effect.first))
                    number += 1
                    time.sleep(ttl_seconds / 7)
            except StaleFence:
                continue
    return done


def die_inside_a_transaction(url: str, key: str) -> None:
    """Write an effect under a valid lease, and be killed before it commits."""
    with Ledger.open(url) as ledger:
        lease = ledger.leases.acquire(RESOURCE, holder="doomed", ttl_seconds=1)
        with ledger._database.write() as connection:
            require_valid(connection, lease)
            row = {"key": key, "request_digest": "d", "result": "{}", "holder": "doomed", "resource": RESOURCE}
            connection.execute(sa.insert(effects).values(**row, fence=lease.fence, recorded_at=now_seconds()))
            os.kill(os.getpid(), signal.SIGKILL)


def act_under(url: str, standing: Standing, number: int) -> list[str]:
    """Take leases and commit effects for a region for as long as the ledger's epoch lets it, at random.

    Returns the keys that were acknowledged.
    """
    done: list[str] = []
    draw = random.Random(f"{standing.region}/{number}")
    with Ledger.open(url) as ledger, suppress(StaleEpoch):
        while True:
            key = f"{standing.region}/{number}/{len(done)}"
            if draw.random() < 0.4:
                ledger.effects.once(key, request_digest="d", result={}, standing=standing)
                done.append(key)
                continue
            resource = f"shared/{draw.randrange(4)}"
            try:
                lease = ledger.leases.acquire(resource, holder=key, ttl_seconds=0.05, standing=standing)
                if draw.random() < 0.3:
                    # Long enough that some leases are at their end when the epoch is raised.
                    time.sleep(draw.random() * 0.05)
                    lease = ledger.leases.renew(lease, ttl_seconds=0.05)
                ledger.effects.commit(key, lease=lease, request_digest="d", result={})
                done.append(key)
                if draw.random() < 0.5:
                    ledger.leases.release(lease)
            except StaleEpoch:
                raise
            except (LeaseHeld, LeaseLost):
                continue
    return done
