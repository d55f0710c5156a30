"""Effects: once for each key, only under a valid lease, and the same result for whoever comes second."""

import pytest
import sqlalchemy as sa

from maestro.errors import BadInput, Conflict, LeaseLost, StaleFence
from maestro.ledger import Lease, Ledger
from maestro.ledger.schema import samples
from tests.ledger.clock import wait_until_expired

KEY = "check/acme/shop/7/aaaa/0"


@pytest.fixture
def lease(ledger: Ledger) -> Lease:
    return ledger.leases.acquire("shard/1", holder="north", ttl_seconds=60)


def test_nothing_is_recorded_before_it_happened(ledger: Ledger) -> None:
    assert ledger.effects.recorded(KEY) is None


def test_an_effect_is_recorded_with_its_result_and_fence(ledger: Ledger, lease: Lease) -> None:
    effect = ledger.effects.commit(KEY, lease=lease, request_digest="d", result={"id": 12, "tags": ["a"]})
    assert (effect.first, effect.fence, effect.result) == (True, lease.fence, {"id": 12, "tags": ["a"]})
    assert ledger.effects.recorded(KEY) == effect.model_copy(update={"first": False})


def test_whoever_comes_second_gets_the_result_of_the_first(ledger: Ledger, lease: Lease) -> None:
    ledger.effects.commit(KEY, lease=lease, request_digest="d", result={"id": 12})
    second = ledger.effects.commit(KEY, lease=lease, request_digest="d", result={"id": 13})
    assert (second.first, second.result) == (False, {"id": 12})


def test_a_result_keeps_names_that_are_not_utf8_and_nul_characters(ledger: Ledger, lease: Lease) -> None:
    result = {"file": "caf\udce9\x00.txt"}
    assert ledger.effects.commit(KEY, lease=lease, request_digest="d", result=dict(result)).result == result


def test_the_same_key_for_another_request_is_a_conflict(ledger: Ledger, lease: Lease) -> None:
    ledger.effects.commit(KEY, lease=lease, request_digest="d", result={"id": 12})
    with pytest.raises(Conflict, match="another request"):
        ledger.effects.commit(KEY, lease=lease, request_digest="e", result={"id": 12})


def test_a_holder_whose_lease_was_taken_over_records_nothing(ledger: Ledger, lease: Lease) -> None:
    ledger.leases.release(lease)
    ledger.leases.acquire("shard/1", holder="west", ttl_seconds=60)
    with pytest.raises(StaleFence, match="fence 1 of north is stale: west has fence 2"):
        ledger.effects.commit(KEY, lease=lease, request_digest="d", result={})
    assert ledger.effects.recorded(KEY) is None


def test_a_holder_whose_lease_expired_records_nothing(ledger: Ledger) -> None:
    lease = ledger.leases.acquire("shard/2", holder="north", ttl_seconds=0.001)
    wait_until_expired(ledger, lease)
    with pytest.raises(StaleFence, match="has expired"):
        ledger.effects.commit(KEY, lease=lease, request_digest="d", result={})
    assert ledger.effects.recorded(KEY) is None


def test_a_stale_fence_is_a_lost_lease_to_whoever_asks_about_that(ledger: Ledger, lease: Lease) -> None:
    ledger.leases.release(lease)
    with pytest.raises(LeaseLost):
        ledger.effects.commit(KEY, lease=lease, request_digest="d", result={})


def test_a_late_holder_is_told_what_was_recorded_after_it_lost_its_lease(ledger: Ledger, lease: Lease) -> None:
    ledger.leases.release(lease)
    current = ledger.leases.acquire("shard/1", holder="west", ttl_seconds=60)
    ledger.effects.commit(KEY, lease=current, request_digest="d", result={"id": 12})
    late = ledger.effects.commit(KEY, lease=lease, request_digest="d", result={"id": 13})
    assert (late.first, late.result) == (False, {"id": 12})


def test_what_belongs_to_an_effect_is_written_with_it_and_only_once(ledger: Ledger, lease: Lease) -> None:
    def also(connection: sa.Connection) -> None:
        connection.execute(sa.insert(samples).values(region="north", kind="also", value=1.0, at=1e12))

    for _ in range(2):
        ledger.effects.commit(KEY, lease=lease, request_digest="d", result={}, also=also)
    with ledger._database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(samples)).scalar_one() == 1


def test_an_effect_is_not_there_when_what_belongs_to_it_fails(ledger: Ledger, lease: Lease) -> None:
    def also(connection: sa.Connection) -> None:
        raise BadInput("no such record")

    with pytest.raises(BadInput, match="no such record"):
        ledger.effects.commit(KEY, lease=lease, request_digest="d", result={}, also=also)
    assert ledger.effects.recorded(KEY) is None


def test_a_result_without_a_json_form_is_bad_input(ledger: Ledger, lease: Lease) -> None:
    with pytest.raises(BadInput, match="no JSON form"):
        ledger.effects.commit(KEY, lease=lease, request_digest="d", result={"seconds": float("nan")})


def test_the_first_to_intend_may_call_the_remote_without_asking_it(ledger: Ledger, lease: Lease) -> None:
    intent = ledger.effects.intend(KEY, lease=lease, request_digest="d")
    assert (intent.first, intent.effect) == (True, None)


def test_the_second_to_intend_must_ask_the_remote_first(ledger: Ledger, lease: Lease) -> None:
    ledger.effects.intend(KEY, lease=lease, request_digest="d")
    ledger.leases.release(lease)
    current = ledger.leases.acquire("shard/1", holder="west", ttl_seconds=60)
    again = ledger.effects.intend(KEY, lease=current, request_digest="d")
    assert (again.first, again.fence, again.effect) == (False, current.fence, None)


def test_a_completed_remote_effect_is_found_by_the_next_who_intends_it(ledger: Ledger, lease: Lease) -> None:
    ledger.effects.intend(KEY, lease=lease, request_digest="d")
    done = ledger.effects.complete(KEY, lease=lease, request_digest="d", result={"id": 12})
    assert done.first
    again = ledger.effects.intend(KEY, lease=lease, request_digest="d")
    assert again.effect == done.model_copy(update={"first": False})


def test_completing_twice_keeps_the_first_answer(ledger: Ledger, lease: Lease) -> None:
    ledger.effects.intend(KEY, lease=lease, request_digest="d")
    ledger.effects.complete(KEY, lease=lease, request_digest="d", result={"id": 12})
    again = ledger.effects.complete(KEY, lease=lease, request_digest="d", result={"id": 13})
    assert (again.first, again.result) == (False, {"id": 12})


def test_an_outcome_without_an_intent_is_bad_input(ledger: Ledger, lease: Lease) -> None:
    with pytest.raises(BadInput, match="nothing was intended"):
        ledger.effects.complete(KEY, lease=lease, request_digest="d", result={})


def test_an_intent_for_another_request_is_a_conflict(ledger: Ledger, lease: Lease) -> None:
    ledger.effects.intend(KEY, lease=lease, request_digest="d")
    with pytest.raises(Conflict):
        ledger.effects.intend(KEY, lease=lease, request_digest="e")


def test_an_outcome_for_another_request_than_the_intended_is_a_conflict(ledger: Ledger, lease: Lease) -> None:
    ledger.effects.intend(KEY, lease=lease, request_digest="d")
    with pytest.raises(Conflict):
        ledger.effects.complete(KEY, lease=lease, request_digest="e", result={})


def test_a_holder_whose_lease_was_lost_may_not_call_a_remote(ledger: Ledger, lease: Lease) -> None:
    ledger.leases.release(lease)
    with pytest.raises(StaleFence):
        ledger.effects.intend(KEY, lease=lease, request_digest="d")
    current = ledger.leases.acquire("shard/1", holder="west", ttl_seconds=60)
    assert ledger.effects.intend(KEY, lease=current, request_digest="d").first
