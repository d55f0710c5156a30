"""The short way to every effect: done once, and whoever comes second is told what was recorded."""

import asyncio
from collections.abc import Mapping

import pytest
from pydantic import JsonValue

from maestro.errors import Conflict, LeaseHeld, LeaseLost, StaleEpoch
from maestro.ledger import Effect, Ledger, once_at_remote, performing
from maestro.model.region import Standing

KEY = "merge/acme/shop/7/aaaa/0"
NAMESPACE = "maestro"
NORTH = Standing(region="eu-north", epoch=1, namespace=NAMESPACE)


class Remote:
    """A remote that remembers its calls. It loses the answer of the first ``lost`` calls, and may ``refuse`` others."""

    def __init__(self, *, lost: int = 0, refused: int = 0) -> None:
        self.calls = 0
        self.asked = 0
        self.outcome: dict[str, JsonValue] | None = None
        self._lost = lost
        self._refused = refused

    async def ask(self) -> Mapping[str, JsonValue] | None:
        self.asked += 1
        return self.outcome

    async def call(self) -> Mapping[str, JsonValue]:
        self.calls += 1
        if self.calls <= self._refused:
            raise ConnectionError("refused")
        self.outcome = {"merged_as": "f00d"}
        if self.calls <= self._lost:
            raise ConnectionError("the answer was lost")
        return self.outcome


async def at(ledger: Ledger, remote: Remote, *, holder: str = "a", request: JsonValue = "merge") -> Effect:
    return await once_at_remote(
        ledger, KEY, request=request, holder=holder, ttl_seconds=60, ask=remote.ask, call=remote.call
    )


async def test_a_remote_is_called_once_and_the_second_is_told_the_outcome(ledger: Ledger) -> None:
    remote = Remote()
    first = await at(ledger, remote)
    second = await at(ledger, remote, holder="b")
    assert (first.first, second.first) == (True, False)
    assert first.result == second.result == {"merged_as": "f00d"}
    assert (remote.calls, remote.asked) == (1, 0)


async def test_a_remote_whose_answer_was_lost_is_asked_and_not_called_again(ledger: Ledger) -> None:
    remote = Remote(lost=1)
    with pytest.raises(ConnectionError):
        await at(ledger, remote)
    effect = await at(ledger, remote, holder="b")
    assert (effect.first, effect.result) == (True, {"merged_as": "f00d"})
    assert (remote.calls, remote.asked) == (1, 1)


async def test_a_remote_that_was_not_reached_is_called_by_the_next_after_it_was_asked(ledger: Ledger) -> None:
    remote = Remote(refused=1)
    with pytest.raises(ConnectionError):
        await at(ledger, remote)
    assert (await at(ledger, remote, holder="b")).first
    assert (remote.calls, remote.asked) == (2, 1)


async def test_a_remote_is_not_called_under_an_epoch_that_is_over(ledger: Ledger) -> None:
    ledger.epochs.begin(NAMESPACE, 1, "north")
    ledger.epochs.raise_to(NAMESPACE, version=2, cluster="west", reason="north is gone")
    remote = Remote()
    with pytest.raises(StaleEpoch):
        await once_at_remote(
            ledger,
            KEY,
            request="merge",
            holder="a",
            ttl_seconds=60,
            standing=NORTH,
            ask=remote.ask,
            call=remote.call,
        )
    assert remote.calls == 0


async def test_another_request_under_the_same_key_is_a_conflict_before_the_remote_is_called(ledger: Ledger) -> None:
    remote = Remote()
    await at(ledger, remote)
    with pytest.raises(Conflict):
        await at(ledger, remote, request="squash")
    assert remote.calls == 1


async def test_work_is_done_by_the_first_only_and_the_second_asks_for_no_lease(ledger: Ledger) -> None:
    done = []
    for holder in ("a", "b"):
        async with performing(ledger, KEY, request=1, holder=holder, ttl_seconds=60) as turn:
            if turn.recorded is None:
                done.append(holder)
                assert (await turn.commit({"by": holder})).first
    assert done == ["a"]
    assert turn.recorded is not None
    assert turn.recorded.result == {"by": "a"}
    with pytest.raises(Conflict, match="recorded already"):
        await turn.commit({"by": "b"})
    assert ledger.leases.acquire(KEY, holder="c", ttl_seconds=60).fence == 2


async def test_two_are_never_at_the_same_work(ledger: Ledger) -> None:
    async with performing(ledger, KEY, request=1, holder="a", ttl_seconds=60):
        with pytest.raises(LeaseHeld, match="a holds the lease"):
            async with performing(ledger, KEY, request=1, holder="b", ttl_seconds=60):
                pytest.fail("both are at it")
    async with performing(ledger, KEY, request=1, holder="b", ttl_seconds=60) as turn:
        assert turn.recorded is None, "the one before recorded nothing and has let go"


async def test_work_goes_on_for_longer_than_its_lease_lasts(ledger: Ledger) -> None:
    async with performing(ledger, KEY, request=1, holder="a", ttl_seconds=0.5) as turn:
        await asyncio.sleep(1)
        assert ledger.now() > turn.lease.expires_at
        with pytest.raises(LeaseHeld):
            ledger.leases.acquire(KEY, holder="b", ttl_seconds=60)
        assert (await turn.commit({})).first


async def test_work_in_a_region_that_is_left_by_force_is_stopped_and_records_nothing(ledger: Ledger) -> None:
    ledger.epochs.begin(NAMESPACE, 1, "north")

    async def work() -> None:
        async with performing(ledger, KEY, request=1, holder="a", ttl_seconds=0.5, standing=NORTH) as turn:
            ledger.epochs.raise_to(
                NAMESPACE, version=2, cluster="west", reason="north is gone", revoke_regions=["eu-north"]
            )
            await asyncio.sleep(3_600)
            await turn.commit({})

    with pytest.raises(LeaseLost, match="revoked"):
        await work()
    assert ledger.effects.recorded(KEY) is None
