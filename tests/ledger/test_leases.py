"""Leases: one holder at a time, and a fence that only rises."""

import pytest

from maestro.errors import BadInput, LeaseHeld, LeaseLost
from maestro.ledger import Ledger
from tests.ledger.clock import wait_until_expired


def test_a_free_resource_is_leased_at_once(ledger: Ledger) -> None:
    lease = ledger.leases.acquire("shard/1", holder="north", ttl_seconds=60)
    assert (lease.resource, lease.holder, lease.fence) == ("shard/1", "north", 1)


def test_a_held_lease_is_refused_with_the_holder_and_the_time_that_is_left(ledger: Ledger) -> None:
    ledger.leases.acquire("shard/1", holder="north", ttl_seconds=60)
    with pytest.raises(LeaseHeld, match=r"shard/1: north holds the lease for another \d+\.\d s"):
        ledger.leases.acquire("shard/1", holder="west", ttl_seconds=60)


def test_resources_do_not_stand_in_each_others_way(ledger: Ledger) -> None:
    ledger.leases.acquire("shard/1", holder="north", ttl_seconds=60)
    assert ledger.leases.acquire("shard/2", holder="west", ttl_seconds=60).fence == 1


def test_a_released_lease_goes_to_the_next_with_a_higher_fence(ledger: Ledger) -> None:
    first = ledger.leases.acquire("shard/1", holder="north", ttl_seconds=60)
    ledger.leases.release(first)
    assert ledger.leases.acquire("shard/1", holder="west", ttl_seconds=60).fence > first.fence


def test_an_expired_lease_goes_to_the_next_with_a_higher_fence(ledger: Ledger) -> None:
    first = ledger.leases.acquire("shard/1", holder="north", ttl_seconds=0.001)
    wait_until_expired(ledger, first)
    assert ledger.leases.acquire("shard/1", holder="west", ttl_seconds=60).fence > first.fence


def test_a_holder_that_asks_again_shuts_its_earlier_self_out(ledger: Ledger) -> None:
    earlier = ledger.leases.acquire("shard/1", holder="north", ttl_seconds=60)
    later = ledger.leases.acquire("shard/1", holder="north", ttl_seconds=60)
    assert later.fence > earlier.fence
    with pytest.raises(LeaseLost, match="fence 1 of north is stale: north has fence 2"):
        ledger.leases.renew(earlier, ttl_seconds=60)
    assert ledger.leases.renew(later, ttl_seconds=60).fence == later.fence


def test_a_renewed_lease_ends_later_with_the_same_fence(ledger: Ledger) -> None:
    lease = ledger.leases.acquire("shard/1", holder="north", ttl_seconds=60)
    renewed = ledger.leases.renew(lease, ttl_seconds=600)
    assert renewed.fence == lease.fence
    assert renewed.expires_at > lease.expires_at


def test_an_expired_lease_is_not_renewed_even_where_nobody_took_it(ledger: Ledger) -> None:
    lease = ledger.leases.acquire("shard/1", holder="north", ttl_seconds=0.001)
    wait_until_expired(ledger, lease)
    with pytest.raises(LeaseLost, match="has expired"):
        ledger.leases.renew(lease, ttl_seconds=60)


def test_releasing_a_lost_lease_leaves_the_new_holder_alone(ledger: Ledger) -> None:
    lost = ledger.leases.acquire("shard/1", holder="north", ttl_seconds=60)
    ledger.leases.release(lost)
    current = ledger.leases.acquire("shard/1", holder="west", ttl_seconds=60)
    ledger.leases.release(lost)
    assert ledger.leases.renew(current, ttl_seconds=60).fence == current.fence


def test_a_lease_that_the_ledger_never_gave_cannot_be_renewed(ledger: Ledger) -> None:
    lease = ledger.leases.acquire("shard/1", holder="north", ttl_seconds=60)
    with pytest.raises(LeaseLost, match="knows no such lease"):
        ledger.leases.renew(lease.model_copy(update={"resource": "shard/2"}), ttl_seconds=60)


@pytest.mark.parametrize("ttl_seconds", [0.0, -1.0, float("nan"), float("inf")])
def test_a_lease_that_would_not_last_or_never_end_is_bad_input(ledger: Ledger, ttl_seconds: float) -> None:
    with pytest.raises(BadInput, match="ttl_seconds"):
        ledger.leases.acquire("shard/1", holder="north", ttl_seconds=ttl_seconds)


@pytest.mark.parametrize(("resource", "holder"), [("", "north"), ("shard/1", "")])
def test_a_lease_without_a_name_is_bad_input(ledger: Ledger, resource: str, holder: str) -> None:
    with pytest.raises(BadInput, match="needs a name"):
        ledger.leases.acquire(resource, holder=holder, ttl_seconds=60)
