"""The judge of a drill: a drill in which all held is found sound, and whatever is spoiled in it is found."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.workers.drill.readings import (
    BASE,
    HEAD,
    PULL_REQUEST,
    RUN_KEY,
    SHARD,
    applied,
    chained,
    lease,
    sound,
)
from workers.drill.check import check, tally
from workers.drill.seen import BranchMove, EffectRow, EpochChange, Reading, Verdict
from workers.drill.sink import Way


def broken(reading: Reading) -> dict[str, tuple[str, ...]]:
    return {invariant.name: invariant.problems for invariant in check(reading).broken}


def test_a_drill_in_which_all_held_is_sound() -> None:
    findings = check(sound())
    assert findings.broken == ()
    assert all(way.holds for way in findings.ways)
    assert all(invariant.looked_at for invariant in findings.invariants)


Spoil = Callable[[Reading], dict[str, Any]]


def run_with(**changes: Any) -> dict[str, Any]:
    return {"pull_requests": (PULL_REQUEST.model_copy(update=changes),)}


@pytest.mark.parametrize(
    ("spoil", "name", "sentence"),
    [
        pytest.param(
            lambda reading: {"applied": (*reading.applied, applied(Way.MAESTRO, "w-maestro/1", 116.0))},
            "each effect of Maestro's way happened once",
            "w-maestro/1 happened 2 times",
            id="an effect that came twice",
        ),
        pytest.param(
            lambda reading: {"applied": reading.applied[1:]},
            "each effect of Maestro's way happened once",
            "w-maestro/0 happened 0 times",
            id="an effect that was lost",
        ),
        pytest.param(
            lambda reading: {"applied": (*reading.applied, applied(Way.MAESTRO, "w-else/0", 116.0))},
            "each effect of Maestro's way happened once",
            "w-else/0 was not asked for",
            id="an effect that nobody wanted",
        ),
        pytest.param(
            lambda _: run_with(ended_at=None, status="", decision=""),
            "every pull request that was started has ended, green as it is",
            "never ended",
            id="a pull request that never ended",
        ),
        pytest.param(
            lambda _: run_with(status="TERMINATED", decision=""),
            "every pull request that was started has ended, green as it is",
            "ended as TERMINATED",
            id="a pull request that was terminated",
        ),
        pytest.param(
            lambda _: {"branches": {"base/1": (BranchMove(old=BASE, new=HEAD), BranchMove(old=HEAD, new=BASE))}},
            "each base branch moved once, to the tested head",
            "base/1 moved 2 times instead of 1",
            id="a branch that moved twice",
        ),
        pytest.param(
            lambda _: {"branches": {"base/1": ()}},
            "each base branch moved once, to the tested head",
            "base/1 moved 0 times instead of 1",
            id="a merge that was lost",
        ),
        pytest.param(
            lambda _: {"branches": {"base/1": (BranchMove(old=BASE, new="c" * 40),)}},
            "each base branch moved once, to the tested head",
            "base/1 moved 1 times",
            id="a branch that moved to what was not tested",
        ),
        pytest.param(
            lambda _: {"tips": {"base/1": "c" * 40}},
            "each base branch moved once, to the tested head",
            "base/1 is not at the tested head",
            id="a branch whose log tells another story",
        ),
        pytest.param(
            lambda _: {"comments": {HEAD: ("comment/a/0", "comment/a/1")}},
            "each head carries one comment",
            "drill-1 has 2 comments",
            id="a second comment",
        ),
        pytest.param(
            lambda _: {"comments": {}}, "each head carries one comment", "drill-1 has 0 comments", id="a lost comment"
        ),
        pytest.param(
            lambda reading: {
                "verdicts": (*reading.verdicts, Verdict(run_key=RUN_KEY, test="is-there", verdict="fail"))
            },
            "each test has one verdict",
            "2 verdicts of is-there",
            id="a second verdict",
        ),
        pytest.param(
            lambda reading: {"verdicts": reading.verdicts[1:]},
            "each test has one verdict",
            "drill-1 is green with verdicts of",
            id="a verdict that is missing from a green one",
        ),
        pytest.param(
            lambda reading: {"leases": (*reading.leases[:2], lease(2, "two", 107.0, 112.0))},
            "no lease had two holders at one time",
            "was given to two at 107.000, while one had it until 108.000",
            id="a lease that was given before it had ended",
        ),
        pytest.param(
            lambda reading: {"leases": (*reading.leases, lease(2, "two", 112.0, 117.0, epoch=2))},
            "no lease that had ended was renewed",
            "had ended for two at 110.000, and was renewed at 112.000",
            id="a lease that was renewed after its end",
        ),
        pytest.param(
            lambda reading: {"leases": (*reading.leases, lease(1, "three", 112.0, 117.0, epoch=2))},
            "no fence ever sank",
            "went from 2 (two) to 1 (three)",
            id="a fence that sank",
        ),
        pytest.param(
            lambda reading: {"leases": (*reading.leases, lease(2, "three", 112.0, 117.0, epoch=2))},
            "no fence ever sank",
            "went from 2 (two) to 2 (three)",
            id="one fence for two holders",
        ),
        pytest.param(
            lambda reading: {"leases": (*reading.leases, lease(3, "old", 112.0, 117.0, epoch=1))},
            "no lease was given under an epoch that was left",
            f"old was given {SHARD} under epoch 1 in epoch 2",
            id="a lease under the epoch that was left",
        ),
        pytest.param(
            lambda _: {"effects": (EffectRow(key="late", resource=SHARD, fence=1, recorded_at=108.5),)},
            "no effect was recorded after its lease had ended",
            "late was recorded at 108.500; its lease lasted until 108.000",
            id="an effect after its lease was revoked",
        ),
        pytest.param(
            lambda _: {"effects": (EffectRow(key="odd", resource=SHARD, fence=9, recorded_at=108.5),)},
            "no effect was recorded after its lease had ended",
            "odd was recorded under fence 9, which was never given",
            id="an effect under a fence that was never given",
        ),
        pytest.param(
            lambda reading: {"epochs": (*reading.epochs, EpochChange(version=1, cluster="north", at=111.0))},
            "the epoch only rose, but for handovers that were withdrawn",
            "the epoch sank from 2 to 1",
            id="an epoch that sank",
        ),
        pytest.param(
            lambda _: placed("eu-north", "eu-west"),
            "nothing was placed where its tenant may not run",
            "of tenant nordic was placed in eu-west",
            id="a placement that is denied",
        ),
        pytest.param(
            lambda _: {"pull_requests": ()},
            "nothing was placed where its tenant may not run",
            "is of a pull request that nobody started",
            id="a placement of nobody's",
        ),
        pytest.param(
            lambda reading: {"records": reading.records[1:]},
            "the chain of records is intact",
            "record 2 does not follow record 0",
            id="a record that is gone",
        ),
        pytest.param(
            lambda reading: {
                "records": (
                    reading.records[0],
                    reading.records[1].model_copy(update={"body": reading.records[1].body.replace("north", "south")}),
                )
            },
            "the chain of records is intact",
            "record 2 does not fit its hash",
            id="a record that was changed",
        ),
        pytest.param(
            lambda reading: {"chain_head": (1, reading.records[0].hash)},
            "the chain of records is intact",
            "the head of the chain is",
            id="a head that was set back",
        ),
    ],
)
def test_what_is_spoiled_is_found(spoil: Spoil, name: str, sentence: str) -> None:
    found = broken(sound().model_copy(update=spoil(sound())))
    assert any(sentence in problem for problem in found[name])


def placed(*regions: str) -> dict[str, Any]:
    records = chained(*regions)
    return {"records": records, "chain_head": (len(records), records[-1].hash)}


def test_a_handover_that_was_withdrawn_is_no_epoch_that_sank() -> None:
    reading = sound()
    withdrawn = (
        *reading.epochs,
        EpochChange(version=101, cluster="north", leaving=2, at=120.0),
        EpochChange(version=2, cluster="west", at=125.0),
    )
    assert broken(reading.model_copy(update={"epochs": withdrawn})) == {}


def test_the_other_ways_are_told_and_fail_nothing() -> None:
    reading = sound()
    doubled = (*reading.applied, applied(Way.PLAIN, "w-plain/0", 116.0), applied(Way.PLAIN, "w-plain/0", 117.0))
    without = tuple(line for line in doubled if line.effect != "w-documented/1")
    findings = check(reading.model_copy(update={"applied": without}))
    assert findings.broken == ()
    by_way = {way.way: (way.duplicates, way.lost) for way in findings.ways}
    assert by_way == {Way.MAESTRO: (0, 0), Way.DOCUMENTED: (0, 1), Way.PLAIN: (2, 0)}


def test_a_way_that_was_not_asked_for_is_not_told() -> None:
    reading = sound()
    only = tuple(run for run in reading.workflows if run.plan.way is Way.MAESTRO)
    assert [way.way for way in check(reading.model_copy(update={"workflows": only})).ways] == [Way.MAESTRO]


def test_a_tally_counts_what_was_wanted_and_what_came() -> None:
    found = tally(sound(), Way.PLAIN)
    assert (found.effects, found.applied, found.duplicates, found.lost) == (2, 2, 0, 0)
