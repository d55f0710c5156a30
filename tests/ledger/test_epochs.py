"""Epochs: what another cluster gave is refused, and what a region held when it was left can do nothing any more."""

import pytest
import sqlalchemy as sa

from maestro.errors import BadInput, Conflict, LeaseHeld, LeaseLost, StaleEpoch, StaleFence
from maestro.ledger import Ledger
from maestro.ledger.schema import leases
from maestro.model.region import Standing

NAMESPACE = "maestro"
NORTH = Standing(region="eu-north", epoch=1, namespace=NAMESPACE)
WEST = Standing(region="us-west", epoch=2, namespace=NAMESPACE)


@pytest.fixture
def begun(ledger: Ledger) -> Ledger:
    ledger.epochs.begin(NAMESPACE, 1, "north")
    return ledger


def force(ledger: Ledger, *regions: str) -> None:
    """North is gone, and west acts."""
    ledger.epochs.raise_to(NAMESPACE, version=2, cluster="west", reason="north is gone", revoke_regions=regions)


def hand_over(ledger: Ledger) -> None:
    ledger.epochs.raise_to(NAMESPACE, version=2, cluster="west", reason="planned", keep_leaving=True)


def test_a_namespace_has_no_epoch_before_its_first(ledger: Ledger) -> None:
    assert ledger.epochs.current(NAMESPACE) is None


def test_the_first_epoch_stands_whoever_begins_another_one(begun: Ledger) -> None:
    again = begun.epochs.begin(NAMESPACE, 7, "west")
    assert (again.version, again.cluster) == (1, "north")
    assert begun.epochs.current(NAMESPACE) == again


def test_namespaces_have_epochs_of_their_own(begun: Ledger) -> None:
    begun.epochs.begin("other", 1, "north")
    force(begun)
    other = begun.epochs.current("other")
    assert other is not None
    assert other.version == 1


def test_without_an_epoch_nothing_is_checked(begun: Ledger) -> None:
    force(begun)
    assert begun.leases.acquire("shard/1", holder="a", ttl_seconds=60).fence == 1
    assert begun.effects.once("k", request_digest="d", result={}, standing=Standing(region="eu-north")).first


def test_a_lease_says_on_whose_behalf_it_is_held(begun: Ledger) -> None:
    lease = begun.leases.acquire("shard/1", holder="a", ttl_seconds=60, standing=NORTH)
    assert (lease.region, lease.epoch) == ("eu-north", 1)


def test_work_of_a_cluster_that_was_left_by_force_is_refused(begun: Ledger) -> None:
    force(begun)
    with pytest.raises(StaleEpoch, match="epoch 1 of eu-north is not admitted: west acts now, under 2"):
        begun.leases.acquire("shard/1", holder="a", ttl_seconds=60, standing=NORTH)
    with pytest.raises(StaleEpoch, match="west acts now"):
        begun.effects.once("k", request_digest="d", result={}, standing=NORTH)
    with pytest.raises(StaleEpoch, match="west acts now"):
        begun.effects.once(
            "k", request_digest="d", result={}, standing=NORTH, also=lambda _connection: pytest.fail("it was run")
        )
    assert begun.effects.recorded("k") is None
    assert begun.leases.acquire("shard/1", holder="b", ttl_seconds=60, standing=WEST).fence == 1


def test_an_epoch_that_the_ledger_has_not_seen_is_refused(begun: Ledger) -> None:
    with pytest.raises(StaleEpoch, match="north acts now, under 1"):
        begun.leases.acquire("shard/1", holder="b", ttl_seconds=60, standing=WEST)
    nowhere = NORTH.model_copy(update={"namespace": "nowhere"})
    with pytest.raises(StaleEpoch, match="knows no epoch"):
        begun.leases.acquire("shard/1", holder="a", ttl_seconds=60, standing=nowhere)


def test_what_a_left_region_holds_ends_at_once_and_a_successor_need_not_wait(begun: Ledger) -> None:
    frozen = begun.leases.acquire("shard/1", holder="a", ttl_seconds=3_600, standing=NORTH)
    with pytest.raises(LeaseHeld):
        begun.leases.acquire("shard/1", holder="b", ttl_seconds=60)
    force(begun, "eu-north")
    with pytest.raises(StaleFence, match="revoked"):
        begun.effects.commit("k", lease=frozen, request_digest="d", result={})
    with pytest.raises(StaleFence, match="revoked"):
        begun.effects.intend("k", lease=frozen, request_digest="d")
    with pytest.raises(LeaseLost, match="revoked"):
        begun.leases.renew(frozen, ttl_seconds=60)
    successor = begun.leases.acquire("shard/1", holder="b", ttl_seconds=60, standing=WEST)
    assert successor.fence > frozen.fence
    assert begun.effects.commit("k", lease=successor, request_digest="d", result={"by": "b"}).first
    late = begun.effects.commit("k", lease=frozen, request_digest="d", result={"by": "a"})
    assert (late.first, late.result) == (False, {"by": "b"})


def test_regions_of_the_other_cluster_keep_what_they_hold(begun: Ledger) -> None:
    standing = NORTH.model_copy(update={"region": "us-west"})
    held = begun.leases.acquire("shard/1", holder="a", ttl_seconds=60, standing=standing)
    nobodys = begun.leases.acquire("shard/2", holder="a", ttl_seconds=60)
    force(begun, "eu-north")
    assert begun.effects.commit("k/1", lease=held, request_digest="d", result={}).first
    assert begun.effects.commit("k/2", lease=nobodys, request_digest="d", result={}).first


def test_a_revoked_lease_stays_revoked_when_its_region_takes_it_again_and_is_not_left(begun: Ledger) -> None:
    frozen = begun.leases.acquire("shard/1", holder="a", ttl_seconds=3_600, standing=NORTH)
    force(begun, "eu-north")
    again = begun.leases.acquire("shard/1", holder="a", ttl_seconds=60, standing=NORTH.model_copy(update={"epoch": 2}))
    with pytest.raises(StaleFence, match="fence 1 of a is stale"):
        begun.effects.commit("k", lease=frozen, request_digest="d", result={})
    assert begun.effects.commit("k", lease=again, request_digest="d", result={}).first


def test_released_leases_are_nobodys_so_that_a_raise_need_not_look_at_them(begun: Ledger) -> None:
    for number in range(3):
        begun.leases.release(begun.leases.acquire(f"shard/{number}", holder="a", ttl_seconds=60, standing=NORTH))
    with begun._database.read() as connection:
        assert set(connection.execute(sa.select(leases.c.region)).scalars()) == {""}


@pytest.mark.parametrize("version", [0, 1])
def test_the_epoch_only_rises(begun: Ledger, version: int) -> None:
    with pytest.raises(StaleEpoch, match="not newer than 1, under which north acts"):
        begun.epochs.raise_to(NAMESPACE, version=version, cluster="west", reason="?")


def test_only_one_of_two_who_raise_to_the_same_version_does(begun: Ledger) -> None:
    force(begun)
    with pytest.raises(StaleEpoch):
        force(begun)


def test_an_epoch_that_was_never_begun_cannot_be_raised(ledger: Ledger) -> None:
    with pytest.raises(BadInput, match="begin the first one"):
        force(ledger)


def test_what_belongs_to_a_raise_is_kept_with_it_or_neither_is(begun: Ledger) -> None:
    held = begun.leases.acquire("shard/1", holder="a", ttl_seconds=60, standing=NORTH)

    def fail(_connection: sa.Connection) -> None:
        raise BadInput("no such record")

    with pytest.raises(BadInput, match="no such record"):
        begun.epochs.raise_to(NAMESPACE, version=2, cluster="west", reason="?", revoke_regions=["eu-north"], also=fail)
    epoch = begun.epochs.current(NAMESPACE)
    assert epoch is not None
    assert epoch.version == 1
    assert begun.effects.commit("k", lease=held, request_digest="d", result={}).first


def test_a_planned_handover_revokes_nothing_and_admits_both_sides_until_it_is_settled(begun: Ledger) -> None:
    held = begun.leases.acquire("shard/1", holder="a", ttl_seconds=60, standing=NORTH)
    hand_over(begun)
    begun.leases.acquire("shard/2", holder="a", ttl_seconds=60, standing=NORTH)
    begun.leases.acquire("shard/3", holder="b", ttl_seconds=60, standing=WEST)
    assert begun.effects.once("k/0", request_digest="d", result={}, standing=NORTH).first
    settled = begun.epochs.settle(NAMESPACE)
    assert (settled.version, settled.cluster, settled.leaving) == (2, "west", None)
    with pytest.raises(StaleEpoch):
        begun.leases.acquire("shard/4", holder="a", ttl_seconds=60, standing=NORTH)
    held = begun.leases.renew(held, ttl_seconds=60)
    assert begun.effects.commit("k/1", lease=held, request_digest="d", result={}).first
    assert begun.epochs.settle(NAMESPACE) == settled


def test_a_planned_handover_that_failed_goes_back_to_the_cluster_that_was_to_be_left(begun: Ledger) -> None:
    hand_over(begun)
    back = begun.epochs.withdraw(NAMESPACE, reason="west did not answer")
    assert (back.version, back.cluster, back.leaving, back.reason) == (1, "north", None, "west did not answer")
    begun.leases.acquire("shard/1", holder="a", ttl_seconds=60, standing=NORTH)
    with pytest.raises(StaleEpoch):
        begun.leases.acquire("shard/2", holder="b", ttl_seconds=60, standing=WEST)
    with pytest.raises(Conflict, match="no planned handover"):
        begun.epochs.withdraw(NAMESPACE, reason="again")


def test_two_planned_handovers_are_never_under_way_at_a_time(begun: Ledger) -> None:
    hand_over(begun)
    with pytest.raises(Conflict, match="under way"):
        begun.epochs.raise_to(NAMESPACE, version=11, cluster="north", reason="back", keep_leaving=True)


def test_a_failover_by_force_in_the_middle_of_a_handover_shuts_the_left_side_out(begun: Ledger) -> None:
    hand_over(begun)
    after = begun.epochs.raise_to(NAMESPACE, version=12, cluster="west", reason="north froze")
    assert (after.leaving, after.leaving_cluster) == (None, "")
    for standing in (NORTH, WEST):
        with pytest.raises(StaleEpoch):
            begun.leases.acquire("shard/1", holder="a", ttl_seconds=60, standing=standing)


def test_a_planned_handover_that_would_revoke_leases_is_bad_input(begun: Ledger) -> None:
    with pytest.raises(BadInput, match="leaves every lease as it is"):
        begun.epochs.raise_to(
            NAMESPACE, version=2, cluster="west", reason="?", keep_leaving=True, revoke_regions=["eu-north"]
        )


def test_whoever_comes_second_gets_the_result_even_under_an_epoch_that_is_over(begun: Ledger) -> None:
    begun.effects.once("k", request_digest="d", result={"n": 1}, standing=NORTH)
    force(begun)
    again = begun.effects.once("k", request_digest="d", result={"n": 2}, standing=NORTH)
    assert (again.first, again.result) == (False, {"n": 1})
    with pytest.raises(Conflict):
        begun.effects.once("k", request_digest="e", result={"n": 2}, standing=WEST)
