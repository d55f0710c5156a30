"""A region that freezes in the middle of its work and is given up: its pull request is merged and commented once, from
elsewhere, before the frozen worker comes back and after.
"""

import json
from pathlib import Path

import pytest

from maestro.forges.notes import NOTES
from maestro.model.conduct import RegionLeft
from maestro.model.decision import DecisionCard, DecisionState
from tests.drills.stand import Handle, Stand
from tests.drills.test_killed import each_once, slow
from tests.execution.repositories import Repository


def server(stand: Stand, folder: Path) -> Repository:
    """What everybody pushes to."""
    return stand.repository.clone(folder / "shop.git", "--bare")


async def start(stand: Stand, bare: Repository, name: str) -> Handle:
    code, answer, remarks = await stand.maestro(
        *("pr", "start", "--repo", str(bare.folder), "--base", "main", "--head", name, "--merge", "--comment", "--json")
    )
    assert code == 0, remarks
    return stand.handle(json.loads(answer)["workflow_id"])


async def test_a_frozen_region_is_left_at_once_and_its_thaw_changes_nothing(stand: Stand, tmp_path: Path) -> None:
    head = stand.propose("frozen", slow("frozen"))
    bare = server(stand, tmp_path)
    handle = await start(stand, bare, "frozen")
    pull_request = await stand.pull_request(handle)
    await stand.rows_beyond(pull_request, 2)
    placement = (await stand.card(handle)).placement
    assert placement is not None
    assert placement.region is not None
    worker = stand.stack.processes()[f"worker {placement.region}"]
    worker.suspend()
    try:
        await handle.signal("region_left", RegionLeft(region=placement.region, reason="it is frozen", epoch=2))
        outcome = await stand.ended(handle)
        published = bare.git("for-each-ref")
    finally:
        worker.resume()
    assert outcome.decision.state is DecisionState.GREEN
    assert {publication.kind: publication.done for publication in outcome.card.publications} == {
        "merge": True,
        "comment": True,
    }
    assert outcome.card.placement is not None
    assert outcome.card.placement.region != placement.region
    assert bare.git("rev-parse", "main") == head
    assert bare.git("notes", "--ref=maestro", "show", head).count("<!-- maestro key=") == 1
    assert bare.git("rev-list", "--count", NOTES) == "1"
    # The thawed worker finds its lease gone, and clears what it had begun.
    await stand.nothing_is_left(head)
    assert each_once(stand.rows(pull_request), "frozen")
    assert bare.git("for-each-ref") == published


@pytest.mark.parametrize("event", ["tests selected", "decided"])
async def test_a_region_killed_on_the_way_to_the_forge_is_one_merge_and_one_comment(
    stand: Stand, tmp_path: Path, event: str
) -> None:
    name = f"killed_{event.partition(' ')[0]}"
    head = stand.propose(name, slow(name))
    bare = server(stand, tmp_path)
    handle = await start(stand, bare, name)
    pull_request = await stand.pull_request(handle)

    def is_there(card: DecisionCard) -> bool:
        return event in [entry.event for entry in card.timeline]

    card = await stand.card_that(handle, is_there, what=event)
    assert card.placement is not None
    region = card.placement.region
    assert region is not None
    with stand.nothing_restarts():
        stand.kill(f"worker {region}")
        await handle.signal("region_left", RegionLeft(region=region, reason="it was killed", epoch=2))
        outcome = await stand.ended(handle)
    assert outcome.decision.state is DecisionState.GREEN
    assert bare.git("rev-parse", "main") == head
    assert bare.git("rev-list", "--count", NOTES) == "1"
    assert each_once(stand.rows(pull_request), name)
