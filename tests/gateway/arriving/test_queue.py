"""A merge queue's commits: conducted like a pull request's head, and told by their status alone."""

from typing import Any

from temporalio.client import WorkflowExecutionStatus as Status

from maestro.model.decision import DecisionState, Phase
from tests.gateway.arriving.conftest import World

BRANCH = "gh-readonly-queue/main/pr-7-abc"


def group(world: World, action: str, sha: str, **changes: Any) -> dict[str, Any]:
    address = {"id": 1, "full_name": world.repo, "clone_url": f"https://forge.example/{world.repo}.git"}
    merge_group = {
        "head_sha": sha,
        "head_ref": f"refs/heads/{BRANCH}",
        "base_sha": world.site.refs["main"],
        "base_ref": "refs/heads/main",
    }
    return {"action": action, "merge_group": merge_group, "repository": address} | changes


def queued(world: World) -> str:
    world.origin.git("checkout", "--quiet", "-B", BRANCH, "main")
    sha = world.origin.commit({"queued.py": "x = 1\n"}, "Merge pull request 7")
    world.origin.git("checkout", "--quiet", "main")
    world.site.trees[sha] = sha
    return sha


async def tell(world: World, payload: dict[str, Any], sha: str, *, at_least: int) -> str:
    await world.deliver("merge_group", payload)
    return (await world.followed(at_least, subject=f"queue-{sha}"))[-1]


async def test_a_commit_of_the_queue_is_conducted_for_its_base_and_its_status_alone(world: World) -> None:
    sha = queued(world)
    await tell(world, group(world, "checks_requested", sha), sha, at_least=1)
    pr = f"queue-{sha[:12]}"
    assert await world.status(sha, pr) is Status.RUNNING
    asked = (await world.card(sha, pr)).pull_request
    assert (asked.base_ref, asked.publish, asked.tenant, asked.author) == ("main", ("status",), "acme", "")


async def test_a_commit_that_the_queue_lets_go_is_cancelled(world: World) -> None:
    sha = queued(world)
    await tell(world, group(world, "checks_requested", sha), sha, at_least=1)
    await tell(world, group(world, "destroyed", sha, reason="dequeued"), sha, at_least=2)
    card = await world.card_in(sha, Phase.DONE, f"queue-{sha[:12]}")
    assert card.decision.state is DecisionState.CANCELLED
    assert any("dequeued" in entry.detail for entry in card.timeline)


async def test_a_commit_that_was_let_go_before_it_was_asked_for_is_not_conducted(world: World) -> None:
    sha = queued(world)
    await tell(world, group(world, "destroyed", sha, reason="merged"), sha, at_least=1)
    await world.deliver("merge_group", group(world, "checks_requested", sha))
    # Followed in their order, so what comes behind it tells that it was looked at.
    await tell(world, group(world, "destroyed", sha, reason="once more"), sha, at_least=2)
    assert await world.status(sha, f"queue-{sha[:12]}") is None


async def test_a_commit_whose_branch_is_gone_is_not_conducted(world: World) -> None:
    sha = queued(world)
    world.origin.git("branch", "-D", BRANCH)
    said = await tell(world, group(world, "checks_requested", sha), sha, at_least=1)
    assert "let go" in said
    assert await world.status(sha, f"queue-{sha[:12]}") is None


async def test_a_commit_of_the_queue_is_conducted_once_more_by_the_name_of_its_status(green: World) -> None:
    sha = queued(green)
    await tell(green, group(green, "checks_requested", sha), sha, at_least=1)
    pr = f"queue-{sha[:12]}"
    await green.card_in(sha, Phase.DONE, pr)
    await green.deliver("check_run", green.check_run("rerequested", "ada", sha=sha, pr=pr))
    assert (await green.followed(1, subject=pr)) == ["started again"]
