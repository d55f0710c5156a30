"""Forges, repositories and branches that are gone, silent or wrong: what can come comes later, what cannot is told."""

import shutil
from pathlib import Path

import httpx
import pytest
from temporalio.client import Client
from temporalio.client import WorkflowExecutionStatus as Status

from maestro.model.decision import DecisionState, Phase
from tests.gateway.arriving.conftest import World, world_of

PULLS = r"/pulls/\d+$"


@pytest.mark.parametrize(
    ("answer", "times"),
    [
        pytest.param(httpx.Response(500, text="oops"), 6, id="a failure"),
        pytest.param(httpx.Response(429, headers={"Retry-After": "5"}), 2, id="a limit"),
        pytest.param(httpx.ReadTimeout("silence"), 6, id="silence"),
        pytest.param(httpx.ConnectError("refused"), 6, id="no connection"),
        pytest.param(httpx.Response(200, text="<html>log in</html>"), 2, id="a page in place of an answer"),
    ],
)
async def test_a_forge_that_answers_wrongly_for_a_while_is_asked_again(
    world: World, answer: httpx.Response | Exception, times: int
) -> None:
    head = world.open()
    world.fake.fault("GET", PULLS, answer, times=times)
    answered = await world.deliver("pull_request", world.payload("opened"))
    assert answered.status_code == 202
    await world.until_running(head)


async def test_a_repository_that_git_cannot_read_for_a_while_is_asked_again(world: World, tmp_path: Path) -> None:
    head = world.open()
    away = tmp_path / "away"
    shutil.move(world.origin.folder, away)
    await world.deliver("pull_request", world.payload("opened"))
    while not world.fake.count("GET", PULLS):
        await world.followed()
    shutil.move(away, world.origin.folder)
    await world.until_running(head)


async def test_a_deleted_repository_ends_what_runs(world: World) -> None:
    head = world.open()
    await world.tell("pull_request", world.payload("opened"))
    payload = world.payload("closed")
    del world.site.pulls[7]
    await world.tell("pull_request", payload)
    assert (await world.card_in(head, Phase.DONE)).decision.state is DecisionState.CANCELLED


async def test_a_base_branch_that_is_gone_is_told_at_the_forge(world: World) -> None:
    head = world.open(base="release<b>")
    await world.tell("pull_request", world.payload("opened"))
    assert await world.status(head) is None
    [run] = world.site.runs
    assert (run["head_sha"], run["conclusion"]) == (head, "failure")
    assert "'release<b>' is gone" in run["output"]["title"]
    assert "<b>" not in run["output"]["summary"].split("-->")[1]


@pytest.mark.parametrize(
    "base",
    [
        pytest.param("main\n--upload-pack=x", id="a line break and an option"),
        pytest.param("*", id="a pattern"),
        pytest.param("\x00", id="a null"),
        pytest.param("", id="nothing"),
    ],
)
async def test_a_base_branch_whose_name_no_git_takes_is_gone(world: World, base: str) -> None:
    head = world.open(base=base)
    world.site.refs[base] = world.site.refs["main"]
    await world.tell("pull_request", world.payload("opened"))
    assert await world.status(head) is None
    assert [run["conclusion"] for run in world.site.runs] == ["failure"]


async def test_a_head_without_common_history_is_told_once_and_conducted_when_it_is_mended(world: World) -> None:
    world.open()
    world.origin.git("checkout", "--quiet", "--orphan", "lonely")
    lonely = world.point(7, world.origin.commit({"lonely.py": "x = 1\n"}, "Begin anew"))
    world.origin.git("checkout", "--quiet", "main")
    for _ in range(2):
        await world.tell("pull_request", world.payload("synchronize"))
    assert await world.status(lonely) is None
    [run] = world.site.runs
    assert "share no history" in run["output"]["summary"]
    mended = world.push(forced=True)
    await world.tell("pull_request", world.payload("synchronize"))
    assert await world.status(mended) is Status.RUNNING


async def test_a_head_that_the_base_has_already_is_told(world: World) -> None:
    world.open()
    world.point(7, world.site.refs["main"])
    await world.tell("pull_request", world.payload("synchronize"))
    assert "there is nothing to" in world.site.runs[0]["output"]["summary"]


async def test_a_base_that_goes_while_its_pull_request_is_conducted_ends_that_and_is_told(world: World) -> None:
    head = world.open()
    await world.tell("pull_request", world.payload("opened"))
    world.prs[7]["base"] = "release"
    await world.tell("pull_request", world.payload("edited", changes={"base": {"ref": {"from": "main"}}}))
    assert (await world.card_in(head, Phase.DONE)).decision.state is DecisionState.CANCELLED
    assert "'release' is gone" in world.site.runs[-1]["output"]["title"]
    world.prs[7]["base"] = "main"
    await world.tell("pull_request", world.payload("edited", changes={"base": {"ref": {"from": "release"}}}))
    assert await world.status(head) is Status.RUNNING


async def test_a_head_that_landed_while_it_is_conducted_is_not_told_to_have_failed(green: World) -> None:
    head = green.open()
    await green.tell("pull_request", green.payload("opened"))
    await green.card_in(head, Phase.DONE)
    green.origin.git("merge", "--quiet", "--ff-only", head)
    await green.tell("pull_request", green.payload("labeled", label={"name": "late"}))
    assert green.site.runs == []
    assert await green.runs(head) == 1


async def test_a_head_that_no_git_has_is_told_and_a_newer_one_is_followed(world: World) -> None:
    world.open()
    gone = world.point(7, "d" * 40)
    await world.tell("pull_request", world.payload("synchronize"))
    assert [run["head_sha"] for run in world.site.runs] == [gone]
    del world.prs[7]["head"]
    newer = world.push(forced=True)
    await world.tell("pull_request", world.payload("synchronize"))
    assert await world.status(newer) is Status.RUNNING


async def test_a_head_that_moves_while_it_is_fetched_is_followed_where_it_went(world: World) -> None:
    world.open()
    newer = world.prs[7]["head"]
    world.point(7, "d" * 40)
    looks = 0

    def before(method: str, path: str) -> None:
        nonlocal looks
        looks += path.endswith("/pulls/7")
        if looks == 2:
            world.point(7, newer)

    world.fake.before = before
    await world.tell("pull_request", world.payload("synchronize"))
    assert await world.status(newer) is Status.RUNNING
    assert world.site.runs == []


async def test_an_answer_that_lags_behind_what_was_told_is_asked_for_once_more(world: World) -> None:
    first = world.open()
    second = world.push()
    payload = world.payload("synchronize")
    world.point(7, first)
    looks = 0

    def before(method: str, path: str) -> None:
        nonlocal looks
        looks += path.endswith("/pulls/7")
        if looks == 2:
            world.point(7, second)

    world.fake.before = before
    await world.tell("pull_request", payload)
    assert await world.status(first) is None
    assert await world.status(second) is Status.RUNNING


async def test_a_forge_that_takes_no_status_is_not_asked_for_ever(world: World) -> None:
    world.open(base="release")
    world.fake.fault("POST", "check-runs", httpx.Response(403, json={"message": "Resource not accessible"}))
    said = await world.tell("pull_request", world.payload("opened"))
    assert "takes no status" in said


async def test_what_is_conducted_for_another_tenant_is_told_and_left(
    temporal: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world_of(temporal, tmp_path, monkeypatch) as world:
        head = world.open()
        await world.tell("pull_request", world.payload("opened"))
        await world.card_in(head, Phase.DONE)
        config = world.connection.topology.forges[0].model_copy(update={"tenants": {}})
        world.connection.topology = world.connection.topology.model_copy(update={"forges": (config,)})
        said = await world.tell("check_run", world.check_run("rerequested", "ada", sha=head))
        assert "for tenant acme, not default" in said
        assert "for tenant acme" in world.site.runs[-1]["output"]["summary"]


async def test_an_agents_pull_request_is_known_as_one(
    temporal: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world_of(temporal, tmp_path, monkeypatch, agents=("Robot",)) as world:
        head = world.open(login="robot")
        await world.tell("pull_request", world.payload("opened"))
        assert (await world.card(head)).pull_request.author_kind == "agent"
        by_type = world.open(8, login="dependabot[bot]", type="Bot")
        await world.deliver("pull_request", world.payload("opened", 8))
        await world.followed(1, subject="8")
        assert (await world.card(by_type, "8")).pull_request.author_kind == "agent"
