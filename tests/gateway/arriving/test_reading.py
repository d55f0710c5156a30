"""What follows from an event, before anybody is asked."""

from typing import Literal

import pytest

from gateway.arriving.reading import read_event
from maestro.forges.events import Event, Person, Reviewed, Seen, Verdict
from maestro.model.arrival import ArrivalKind
from maestro.model.decision import ActionKind

SEEN = Seen(
    repo="acme/shop",
    repository="https://git.example.org/acme/shop.git",
    pr="7",
    head_sha="a" * 40,
    base_sha="b" * 40,
    base_ref="main",
    head_ref="feature",
    title="Round prices once",
    author=Person(login="ada", id=1),
)


def review(forge: Literal["github", "gitea"], verdict: Verdict, sha: str) -> Event:
    meaning = Reviewed(pull_request=SEEN, reviewer=Person(login="grace", id=2), verdict=verdict, sha=sha)
    return Event(forge=forge, delivery="1", digest="sha256:1", name="pull_request_review", meaning=meaning)


@pytest.mark.parametrize(
    ("verdict", "action"), [(Verdict.APPROVED, ActionKind.APPROVE), (Verdict.CHANGES_REQUESTED, ActionKind.REJECT)]
)
def test_of_which_commit_a_review_at_gitea_is_has_to_be_asked_later(verdict: Verdict, action: ActionKind) -> None:
    [arrived] = read_event(review("gitea", verdict, ""), forge="git").arrivals
    assert (arrived.kind, arrived.action, arrived.head_sha) == (ArrivalKind.ACTION, action, "")


def test_a_review_at_github_without_its_commit_is_of_one_that_is_gone() -> None:
    read = read_event(review("github", Verdict.APPROVED, ""), forge="hub")
    assert read.arrivals == ()
    assert "gone" in read.ignored


def test_a_review_that_is_dismissed_takes_nothing_back() -> None:
    assert read_event(review("gitea", Verdict.DISMISSED, ""), forge="git").arrivals == ()
