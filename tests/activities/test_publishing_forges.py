"""Publishing at a configured forge: a GitHub that keeps what it is told, and who belongs to no forge."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from temporalio.testing import ActivityEnvironment

from activities import publishing as publishing_module
from activities.publishing import PublishingActivities
from activities.services import Services
from activities.stating import status_asked
from maestro.config.gateway import ForgeConfig, GatewayConfig
from maestro.errors import BadInput, PlatformUnavailable
from maestro.execution.mirror import fetch
from maestro.forges.choosing import Forges
from maestro.forges.github import MergeMethod
from maestro.model.conduct import CommentRequest, MergeRequest, StatusRequest
from maestro.model.decision import (
    ActionKind,
    Decision,
    DecisionCard,
    DecisionState,
    OfferedAction,
    Phase,
    Publication,
    Sealing,
)
from maestro.model.pull_request import PullRequest
from maestro.model.tests import TestOutcome, TestReport, Verdict
from tests.execution.repositories import Repository
from tests.forges.github.site import LATER, GitHubSite, site_of

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
FORGE = ForgeConfig.model_validate(
    {
        "kind": "github",
        "name": "hub",
        "url": "https://forge.example/api/v3",
        "clone_url": "https://forge.example",
        "token_file": "/nowhere/token",
        "webhook_secret_file": "/nowhere/secret",
    }
)
SEALED = Sealing(done=True, detail="the evidence is sealed")


def at_github(services: Services, site: GitHubSite) -> PublishingActivities:
    return PublishingActivities(
        replace(services, forges=Forges((FORGE,), services.places, opening=lambda _: site.forge))
    )


def asked(
    pull_request: PullRequest, state: DecisionState, phase: Phase, *, version: int, final: bool = False, **more: Any
) -> StatusRequest:
    card = DecisionCard(
        pull_request=pull_request,
        phase=phase,
        decision=Decision(state=state, reasons=(f"it is {state.value}",)),
        sealing=SEALED if final else None,
        generated_at=AT,
    ).model_copy(update=more)
    return StatusRequest(card=card, version=version, at=AT, final=final)


def begun(pull_request: PullRequest) -> StatusRequest:
    return asked(pull_request, DecisionState.PENDING, Phase.PLACE, version=0)


def green(pull_request: PullRequest, *, version: int = 1) -> StatusRequest:
    return asked(pull_request, DecisionState.GREEN, Phase.RENDER, version=version, final=True)


async def run(activity: Any, request: Any) -> Publication:
    answer = await ActivityEnvironment().run(activity, request)
    assert isinstance(answer, Publication)
    return answer


def trees_of(site: GitHubSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """What landed is looked at with git; the fake has no git, but it knows its trees."""
    monkeypatch.setattr(publishing_module, "fetch", lambda *_, **__: Path("mirror"))
    monkeypatch.setattr(publishing_module, "tree_of", lambda _, commit: site.repo.trees[commit])


async def test_the_forge_shows_that_it_is_conducted_and_then_what_it_came_to(services: Services) -> None:
    site = site_of()
    publishing = at_github(services, site)
    first = await run(publishing.status, begun(site.pull_request))
    [shown] = site.statuses()
    assert (first.done, shown.passes, shown.has_ended) == (True, False, False)
    last = await run(publishing.status, green(site.pull_request))
    [shown] = site.statuses()
    assert (last.detail, shown.passes) == ("the head's status is success", True)
    [run_] = site.repo.runs
    page = f"/pull-requests/acme/shop/7/{site.pull_request.head_sha}"
    assert run_["details_url"] == f"{services.topology.gateway.address}{page}"


async def test_a_status_that_is_repeated_is_told_once(services: Services) -> None:
    site = site_of()
    publishing = at_github(services, site)
    answers = [await run(publishing.status, green(site.pull_request)) for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert site.fake.count("POST", "check-runs$") == 1


async def test_a_late_status_never_takes_the_place_of_a_newer_one(services: Services) -> None:
    site = site_of()
    publishing = at_github(services, site)
    await run(publishing.status, green(site.pull_request))
    late = await run(publishing.status, begun(site.pull_request))
    assert late.detail == "a later status is there"
    [shown] = site.statuses()
    assert shown.passes


async def test_a_status_whose_answer_was_lost_is_found_there(services: Services) -> None:
    site = site_of()
    publishing = at_github(services, site)
    site.fake.fault("POST", "check-runs$", httpx.ReadTimeout("no answer"), after=True)
    assert (await run(publishing.status, green(site.pull_request))).done
    assert len(site.repo.runs) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_forge_that_does_not_take_it_now_is_asked_again_by_whoever_retries(
    services: Services, status: int
) -> None:
    site = site_of()
    publishing = at_github(services, site)
    site.fake.fault("POST", "check-runs$", httpx.Response(status, json={"message": "later"}), times=1_000)
    with pytest.raises(PlatformUnavailable):
        await run(publishing.status, green(site.pull_request))
    site.fake.faults.clear()
    again = at_github(services, GitHubSite(site.another(), site.pull_request, site.fake))
    assert (await run(again.status, green(site.pull_request))).done
    [shown] = site.statuses()
    assert shown.passes


async def test_a_status_that_the_forge_refuses_is_told_and_stops_nothing(services: Services) -> None:
    site = site_of()
    publishing = at_github(services, site)
    site.fake.fault("POST", "check-runs$", httpx.Response(403, json={"message": "Resource not accessible"}))
    refused = await run(publishing.status, green(site.pull_request))
    assert not refused.done
    assert refused.detail.startswith("no status told: GitHub takes no check run")


async def test_a_person_gets_three_buttons_and_none_that_needs_a_reason(services: Services) -> None:
    site = site_of()
    actions = tuple(OfferedAction(kind=kind, label=kind.value, effect="it acts") for kind in ActionKind)
    waiting = asked(site.pull_request, DecisionState.NEEDS_PERSON, Phase.WAITING_FOR_PERSON, version=1, actions=actions)
    await run(at_github(services, site).status, waiting)
    [run_] = site.repo.runs
    assert run_["conclusion"] == "action_required"
    assert [one["identifier"] for one in site.repo.actions[run_["id"]]] == ["approve", "retry", "escalate_tests"]


async def test_who_is_at_no_forge_is_told_so(services: Services) -> None:
    site = site_of()
    elsewhere = site.pull_request.model_copy(update={"repository": "/srv/git/shop"})
    told = await run(at_github(services, site).status, green(elsewhere))
    assert (told.done, told.detail) == (False, "no status told: the repository is at no forge that is configured")
    assert site.fake.asked == []


async def test_a_comment_is_written_at_the_forge_of_the_pull_request(services: Services) -> None:
    site = site_of()
    card = green(site.pull_request).card
    await run(at_github(services, site).comment, CommentRequest(card=card, version=0, at=AT))
    [text] = site.comments()
    assert "Ready to merge" in text


async def test_a_merge_goes_through_the_forge_and_is_done_once(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = site_of()
    trees_of(site, monkeypatch)
    publishing = at_github(services, site)
    request = MergeRequest(pull_request=site.pull_request, region="eu-north")
    merged, again = [await run(publishing.merge, request) for _ in range(2)]
    assert merged == again
    head = site.pull_request.head_sha
    assert (merged.done, merged.commit, merged.tree, site.base()) == (True, head, head, head)
    assert merged.detail == f"main is at {head[:12]}"
    assert site.fake.count("PATCH", "git/refs") == 1


async def test_a_head_that_was_pushed_over_meanwhile_is_not_merged(services: Services) -> None:
    site = site_of()
    site.repo.pulls[7]["head"] = LATER
    before = site.base()
    told = await run(at_github(services, site).merge, MergeRequest(pull_request=site.pull_request, region="eu-north"))
    assert (told.done, site.base()) == (False, before)
    assert told.detail == f"not merged: the head has moved to {LATER} since: conduct that one"


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
@pytest.mark.parametrize("is_pushed_between", [False, True])
async def test_what_lands_as_another_commit_is_compared_with_what_was_tested(
    services: Services, monkeypatch: pytest.MonkeyPatch, method: MergeMethod, is_pushed_between: bool
) -> None:
    site = site_of(method=method)
    trees_of(site, monkeypatch)

    def push(verb: str, path: str) -> None:
        if verb == "PUT" and is_pushed_between:
            site.move_base()

    site.fake.before = push
    told = await run(at_github(services, site).merge, MergeRequest(pull_request=site.pull_request, region="eu-north"))
    assert told.done
    assert told.commit == site.base() != site.pull_request.head_sha
    assert told.tree == site.repo.trees[site.base()]
    assert ("not what was tested" in told.detail) is is_pushed_between


async def test_a_merge_that_cannot_be_looked_at_afterwards_is_a_merge(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = site_of()

    def closed(*_: Any, **__: Any) -> Path:
        raise BadInput("it cannot be fetched", field="repository")

    monkeypatch.setattr(publishing_module, "fetch", closed)
    told = await run(at_github(services, site).merge, MergeRequest(pull_request=site.pull_request, region="eu-north"))
    assert (told.done, told.tree) == (True, "")
    assert "what landed cannot be looked at" in told.detail


def test_only_failures_at_lines_of_files_that_the_head_has_are_pointed_at(services: Services, tmp_path: Path) -> None:
    made = Repository(tmp_path / "shop")
    head = made.commit({"tests/test_a.py": "def test(): assert 0\n"}, "Begin")
    repository = str(made.folder)
    failed = (
        ("tests/test_a.py::test", "tests/test_a.py:1: assert 0\nE   assert 0"),
        ("tests/test_a.py::other", "no line is named"),
        ("tests/test_gone.py::test", "tests/test_gone.py:3: assert 0"),
        ("../outside.py::test", "../outside.py:3: assert 0"),
        ("/etc/passwd::test", "/etc/passwd:3: assert 0"),
        (":(glob)**::test", ":(glob)**:3: assert 0"),
        ("tests/\ud800.py::test", "tests/\ud800.py:3: assert 0"),
        ("test_without_a_file", "tests/test_a.py:1: assert 0"),
    )
    report = TestReport(
        failed=tuple(TestOutcome(test=test, verdict=Verdict.FAIL, message=text) for test, text in failed),
        failed_count=len(failed),
    )
    pull_request = PullRequest(
        repository=repository, repo="shop", pr="7", base_sha=head, head_sha=head, merge_base_sha=head
    )
    request = asked(pull_request, DecisionState.BLOCKED, Phase.WAITING_FOR_PERSON, version=1, report=report)
    # A region that has no code of it points at nothing, and fetches none for it.
    assert status_asked(request, gateway=GatewayConfig(), places=services.places).annotations == ()
    fetch(repository, "shop", (head,), places=services.places)
    status = status_asked(request, gateway=GatewayConfig(), places=services.places)
    assert [(one.path, one.line, one.title) for one in status.annotations] == [
        ("tests/test_a.py", 1, "tests/test_a.py::test")
    ]
    assert status.title == "Blocked: 8 tests failed"
