"""Publishing as an activity: a real ledger and a real repository, looked at with git; what a second try finds."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment

from activities.decision import DecisionActivities
from activities.publishing import PublishingActivities
from activities.services import Services
from maestro.errors import Conflict, LeaseLost
from maestro.forges import Merged, fast_forward, notes
from maestro.ledger.leases import Leases
from maestro.model.conduct import ActionRecord, CommentRequest, MergeRequest, ReminderRequest
from maestro.model.decision import (
    ActionKind,
    ActionResult,
    Decision,
    DecisionCard,
    DecisionState,
    Phase,
    Publication,
    ReviewerAction,
)
from maestro.model.pull_request import PullRequest
from tests.execution.repositories import Repository

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "shop")
    made.commit({"a.txt": "1\n"}, "Begin")
    made.git("checkout", "--quiet", "-b", "feature")
    made.commit({"a.txt": "2\n"}, "Change")
    return made


@pytest.fixture
def pull_request(repository: Repository) -> PullRequest:
    base, head = repository.git("rev-parse", "main"), repository.git("rev-parse", "feature")
    return PullRequest(
        repository=str(repository.folder),
        repo="shop",
        pr="7",
        base_sha=base,
        head_sha=head,
        merge_base_sha=base,
        base_ref="main",
        publish=("comment", "merge"),
    )


def card(pull_request: PullRequest, state: DecisionState, *published: Publication) -> DecisionCard:
    return DecisionCard(
        pull_request=pull_request,
        phase=Phase.PUBLISH,
        decision=Decision(state=state, reasons=(f"it is {state.value}",)),
        publications=published,
        generated_at=AT,
    )


async def run(activity: Any, request: Any) -> Any:
    return await ActivityEnvironment().run(activity, request)


def note(repository: Repository, head_sha: str) -> str:
    return repository.git("notes", "--ref=maestro", "show", head_sha)


async def test_a_merge_is_done_once_and_remembered(
    services: Services, repository: Repository, pull_request: PullRequest
) -> None:
    publishing = PublishingActivities(services)
    request = MergeRequest(pull_request=pull_request, region="eu-north")
    first = await run(publishing.merge, request)
    assert first.done
    assert repository.git("rev-parse", "main") == pull_request.head_sha
    # Somebody takes it back: a repeated activity must not merge it a second time.
    repository.git("branch", "--force", "main", pull_request.base_sha)
    assert await run(publishing.merge, request) == first
    assert repository.git("rev-parse", "main") == pull_request.base_sha


async def test_a_merge_whose_answer_was_lost_is_found_at_the_forge(
    services: Services, repository: Repository, pull_request: PullRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    publishing = PublishingActivities(services)
    request = MergeRequest(pull_request=pull_request, region="eu-north")
    calls = 0
    call = fast_forward.FastForwards.call

    async def lost(self: fast_forward.FastForwards, wanted: Any) -> Any:
        nonlocal calls
        calls += 1
        assert isinstance(await call(self, wanted), Merged)
        raise OSError("the connection broke off")

    monkeypatch.setattr(fast_forward.FastForwards, "call", lost)
    with pytest.raises(OSError, match="broke off"):
        await run(publishing.merge, request)
    merged = await run(publishing.merge, request)
    assert merged.detail == f"main already contains {pull_request.head_sha[:12]}"
    assert calls == 1


async def test_a_refusal_is_told_and_may_be_mended(
    services: Services, repository: Repository, pull_request: PullRequest
) -> None:
    publishing = PublishingActivities(services)
    request = MergeRequest(pull_request=pull_request, region="eu-north")
    repository.git("checkout", "--quiet", "main")
    refused = await run(publishing.merge, request)
    assert not refused.done
    assert "main is checked out" in refused.detail
    assert services.ledger.effects.recorded(pull_request.key("merge")) is None
    repository.git("checkout", "--quiet", "feature")
    assert (await run(publishing.merge, request)).done


async def test_a_head_has_one_note_whatever_is_repeated(
    services: Services, repository: Repository, pull_request: PullRequest
) -> None:
    publishing = PublishingActivities(services)
    waiting = CommentRequest(card=card(pull_request, DecisionState.NEEDS_PERSON), version=0, at=AT)
    merged = Publication(kind="merge", done=True, detail="main is at abc")
    green = CommentRequest(card=card(pull_request, DecisionState.GREEN, merged), version=1, at=AT)
    for request in (waiting, waiting, green, waiting, green):
        assert (await run(publishing.comment, request)).done
    text = note(repository, pull_request.head_sha)
    assert text.count("<!-- maestro key=") == 1
    assert "it is green" in text.lower()
    assert "**Merge.** main is at abc." in text
    assert repository.git("rev-list", "--count", notes.NOTES) == "2"


async def test_two_workers_with_one_comment_write_it_once(
    services: Services, repository: Repository, pull_request: PullRequest
) -> None:
    publishing = PublishingActivities(services)
    request = CommentRequest(card=card(pull_request, DecisionState.GREEN), version=0, at=AT)
    tries = await asyncio.gather(*(run(publishing.comment, request) for _ in range(4)), return_exceptions=True)
    assert any(isinstance(answer, Publication) for answer in tries)
    await run(publishing.comment, request)
    assert repository.git("rev-list", "--count", notes.NOTES) == "1"


async def test_who_lost_the_lease_meanwhile_records_nothing(
    services: Services, pull_request: PullRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = fast_forward.FastForwards.call

    async def overtaken(self: fast_forward.FastForwards, wanted: Any) -> Any:
        answer = await call(self, wanted)
        key = pull_request.key("merge")
        lease = holders.pop()
        services.ledger.leases.release(lease)
        services.ledger.leases.acquire(key, holder="the other side", ttl_seconds=30)
        return answer

    holders: list[Any] = []
    acquire = Leases.acquire

    def seen(self: Leases, *arguments: Any, **named: Any) -> Any:
        holders.append(acquire(self, *arguments, **named))
        return holders[-1]

    monkeypatch.setattr(Leases, "acquire", seen)
    monkeypatch.setattr(fast_forward.FastForwards, "call", overtaken)
    with pytest.raises(LeaseLost):
        await run(PublishingActivities(services).merge, MergeRequest(pull_request=pull_request, region="eu-north"))
    assert services.ledger.effects.recorded(pull_request.key("merge")) is None


def action_record(pull_request: PullRequest, *, reason: str = "fine", card_version: int = 1) -> ActionRecord:
    action = ReviewerAction(action_id="one", actor="grace", reason=reason)
    result = ActionResult(
        action_id="one",
        kind=ActionKind.APPROVE,
        accepted=True,
        changed="the approval is weighed by policy now",
        card_version=card_version,
        state=DecisionState.NEEDS_PERSON,
    )
    return ActionRecord(pull_request=pull_request, kind=ActionKind.APPROVE, action=action, result=result, at=AT)


def test_an_action_that_is_recorded_already_is_answered_as_it_was_then(
    services: Services, pull_request: PullRequest
) -> None:
    decision = DecisionActivities(services)
    first = ActivityEnvironment().run(decision.record_action, action_record(pull_request))
    # Taken again where the workflow has lost it: its card may be at another version by then.
    again = ActivityEnvironment().run(decision.record_action, action_record(pull_request, card_version=4))
    assert again == first
    assert len(services.ledger.records.list()) == 1
    with pytest.raises(Conflict):
        ActivityEnvironment().run(decision.record_action, action_record(pull_request, reason="another word"))


def test_a_reminder_whose_deadline_was_lost_is_no_second_reminder(
    services: Services, pull_request: PullRequest
) -> None:
    decision = DecisionActivities(services)
    for hour in (12, 13):
        deadline = AT.replace(hour=hour)
        ActivityEnvironment().run(
            decision.remind, ReminderRequest(pull_request=pull_request, deadline=deadline, ordinal=1, at=AT)
        )
    assert len(services.ledger.records.list()) == 1
