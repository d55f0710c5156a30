"""While processes take leases and commit effects under an epoch, another one raises it and revokes what they hold."""

import multiprocessing
import threading
import time

import pytest
import sqlalchemy as sa

from maestro.ledger import Ledger
from maestro.ledger.leases import require_valid
from maestro.ledger.schema import effects
from maestro.model.region import Standing
from tests.ledger.contenders import act_under

NAMESPACE = "maestro"
PROCESSES = 4
RAISES = 8


def test_nothing_of_the_old_epoch_is_committed_after_a_raise_returned(url: str) -> None:
    regions = [f"region-{number}" for number in range(PROCESSES)]
    with Ledger.open(url) as ledger, multiprocessing.get_context("spawn").Pool(PROCESSES) as processes:
        ledger.epochs.begin(NAMESPACE, 1, "north")
        acknowledged: list[str] = []
        for version in range(1, RAISES + 1):
            standings = [Standing(region=region, epoch=version, namespace=NAMESPACE) for region in regions]
            waiting = [processes.apply_async(act_under, (url, standing, version)) for standing in standings]
            wait_for_effects(ledger, f"region-%/{version}/%", 20 * version)
            ledger.epochs.raise_to(
                NAMESPACE, version=version + 1, cluster="west", reason="a test", revoke_regions=regions
            )
            when_it_returned = keys(ledger)
            acknowledged += [key for one in waiting for key in one.get(timeout=120)]
            assert keys(ledger) == when_it_returned
        assert sorted(acknowledged) == sorted(when_it_returned), "what was acknowledged is what there is"
        fences_of_each_resource_only_rise(ledger)


def fences_of_each_resource_only_rise(ledger: Ledger) -> None:
    columns = (effects.c.resource, effects.c.fence, effects.c.holder)
    leased = sa.select(*columns).where(effects.c.fence > 0).order_by(effects.c.recorded_at, effects.c.fence)
    with ledger._database.read() as connection:
        rows = connection.execute(leased).all()
    for resource in {row.resource for row in rows}:
        fences = [row.fence for row in rows if row.resource == resource]
        assert fences == sorted(fences), "an older fence wrote after a newer one"
        assert len(fences) == len(set(fences)), "two held one lease, since each took it for one effect"


def wait_for_effects(ledger: Ledger, pattern: str, count: int) -> None:
    counted = sa.select(sa.func.count()).where(effects.c.key.like(pattern))
    give_up_at = time.monotonic() + 60
    while time.monotonic() < give_up_at:
        with ledger._database.read() as connection:
            if connection.execute(counted).scalar_one() >= count:
                return
        time.sleep(0.01)
    pytest.fail("nobody does anything")


def keys(ledger: Ledger) -> set[str]:
    with ledger._database.read() as connection:
        return set(connection.execute(sa.select(effects.c.key)).scalars())


def test_a_raise_waits_for_a_commit_under_way_also_where_its_lease_expires_meanwhile(ledger: Ledger) -> None:
    ledger.epochs.begin(NAMESPACE, 1, "north")
    standing = Standing(region="region-0", epoch=1, namespace=NAMESPACE)
    lease = ledger.leases.acquire("shared/0", holder="a", ttl_seconds=0.5, standing=standing)
    raising = threading.Thread(
        target=ledger.epochs.raise_to,
        args=(NAMESPACE,),
        kwargs={"version": 2, "cluster": "west", "reason": "a test", "revoke_regions": ["region-0"]},
    )
    with ledger._database.write() as connection:
        require_valid(connection, lease)
        time.sleep(0.6)  # the lease is over, but what was found under it is not committed yet
        raising.start()
        raising.join(timeout=0.5)
        assert raising.is_alive(), "it returned, and the effect would come after"
    raising.join()
