"""A forge that is away while it is to be told how a head stands, and a merge that its branch may let pass only then."""

from temporalio import activity
from temporalio.client import Client

from maestro.forges.forge import StatusState
from maestro.model.conduct import MergeRequest, Timings
from maestro.model.decision import DecisionState, Phase, Publication
from maestro.render.status import status_of
from tests.workflows.conftest import conducting
from tests.workflows.fakes import SHA, Fakes
from tests.workflows.stating import (
    FAILS,
    MERGED,
    PASSES,
    SHOWN,
    away,
    for_seconds,
    shown,
)


async def test_a_forge_that_is_away_for_an_hour_is_told_the_end_and_holds_nothing_up(skipping: Client) -> None:
    fakes = Fakes()
    asked = away(fakes, until=for_seconds(3_600))
    async with conducting(skipping, fakes) as conductor:
        outcome = await (await conductor.start(base_ref="main", publish=("comment", "status"))).result()
    assert shown(fakes) == [PASSES]
    assert (asked[-1] - asked[0]).total_seconds() >= 3_600
    # Everything else was done long before.
    done = next(request for request in fakes.rendered if request.card.phase is Phase.DONE)
    assert (done.card.generated_at - asked[0]).total_seconds() < 300
    assert [one.kind for one in outcome.card.publications] == ["comment", "status"]
    assert fakes.rendered[-1].card.publications == outcome.card.publications


async def test_a_forge_that_never_answers_is_given_up_and_that_is_said(skipping: Client) -> None:
    fakes = Fakes()
    asked = away(fakes, until=lambda _: False)
    async with conducting(skipping, fakes) as conductor:
        handle = await conductor.start(timings=Timings(status_lasting_seconds=1_800), **SHOWN)
        outcome = await handle.result()
    [told] = outcome.card.publications
    assert not told.done
    assert "the forge answers 503" in told.detail
    assert outcome.decision.state is DecisionState.GREEN
    assert (asked[-1] - asked[0]).total_seconds() > 1_200


async def test_a_merge_waits_for_the_status_that_its_branch_may_require(skipping: Client) -> None:
    fakes = Fakes()
    away(fakes, until=for_seconds(600))
    seen: list[list[StatusState]] = []
    merge = fakes.merge

    @activity.defn(name="merge")
    async def looking(request: MergeRequest) -> Publication:
        seen.append(shown(fakes))
        return await merge(request)

    fakes.merge = looking  # type: ignore[method-assign]
    async with conducting(skipping, fakes) as conductor:
        outcome = await (await conductor.start(**MERGED)).result()
    assert seen == [[PASSES]]
    assert {one.kind: one.done for one in outcome.card.publications} == {
        "merge": True,
        "comment": True,
        "status": True,
    }


async def test_a_merge_is_tried_all_the_same_where_only_statuses_are_refused(skipping: Client) -> None:
    fakes = Fakes()
    away(fakes, until=lambda _: False)
    timings = Timings(status_lasting_seconds=1_800, prepare_timeout_seconds=200)
    async with conducting(skipping, fakes) as conductor:
        outcome = await (await conductor.start(timings=timings, **MERGED)).result()
    assert len(fakes.merged) == 1
    assert {one.kind: one.done for one in outcome.card.publications} == {
        "merge": True,
        "comment": True,
        "status": False,
    }


async def test_a_merge_that_is_refused_leaves_the_tested_head_green_and_says_so(temporal: Client) -> None:
    fakes = Fakes(refuse_merge="the head has moved to x since: conduct that one")
    async with conducting(temporal, fakes) as conductor:
        await (await conductor.start(**MERGED)).result()
    assert shown(fakes)[-2:] == [PASSES, PASSES]
    last = status_of(fakes.stated[-1], link="")
    assert last.title == "Green, but not merged: the head has moved to x since: conduct that one"
    assert last.pull_request.head_sha == SHA


async def test_what_is_not_on_record_is_neither_merged_nor_passed(temporal: Client) -> None:
    fakes = Fakes(refuse_seal="an artifact is gone")
    async with conducting(temporal, fakes) as conductor:
        await (await conductor.start(**MERGED)).result()
    assert fakes.merged == []
    assert PASSES not in shown(fakes)
    assert shown(fakes)[-1] is FAILS
