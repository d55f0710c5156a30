"""Whose word counts: the same as the policy that decides says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from maestro.assurance import reviews_facts
from maestro.model.decision import Review
from maestro.model.pull_request import AuthorKind, PullRequest
from maestro.policy.engine import RegorusEngine
from maestro.resources import resource_dir

SHA = "a" * 40


def by(author: str = "ada@example.org") -> PullRequest:
    return PullRequest(
        repository="/r", repo="demo", pr="1", base_sha=SHA, head_sha=SHA, merge_base_sha=SHA, author=author
    )


def approve(actor: str, kind: AuthorKind = AuthorKind.HUMAN) -> Review:
    return Review(kind="approve", actor=actor, actor_kind=kind)


def reject(actor: str) -> Review:
    return Review(kind="reject", actor=actor, reason="no")


@pytest.mark.parametrize(
    ("reviews", "approvals", "void", "rejections"),
    [
        pytest.param((), 0, 0, 0, id="nobody"),
        pytest.param((approve("bob"),), 1, 0, 0, id="another person"),
        pytest.param((approve("Ada <ADA@example.org>"),), 0, 1, 0, id="the author under another name"),
        pytest.param((approve("bot", AuthorKind.AGENT),), 0, 1, 0, id="an agent"),
        pytest.param((reject("bob"), approve("bob")), 1, 0, 0, id="the last word stands"),
        pytest.param((approve("bob"), reject("Bob <bob>")), 0, 0, 1, id="also under another name"),
        pytest.param((approve("bob"), approve("Bob <bob>")), 1, 0, 0, id="one person counts once"),
        pytest.param((approve("bob"), approve("eve"), reject("dan")), 2, 0, 1, id="three people"),
    ],
)
def test_an_approval_counts_when_another_person_gave_it(
    reviews: tuple[Review, ...], approvals: int, void: int, rejections: int
) -> None:
    facts = reviews_facts(reviews, by())
    assert (facts.approvals, facts.void_approvals, facts.rejections) == (approvals, void, rejections)


def test_where_the_author_is_not_known_nobody_can_be_shown_to_be_another() -> None:
    assert reviews_facts((approve("bob"),), by("")).void_approvals == 1


def test_the_kind_of_author_is_told() -> None:
    agent = by().model_copy(update={"author_kind": AuthorKind.AGENT})
    assert reviews_facts((), agent).author_kind == "agent"


POLICY = RegorusEngine(resource_dir("policies"))
people = st.sampled_from(["ada", " ADA ", "Ada <ada>", "<ada", "bob", "Bob <bob>>", "eve>", ""])
reviewers = st.builds(
    Review,
    kind=st.sampled_from(["approve", "reject"]),
    actor=people.filter(bool),
    actor_kind=st.sampled_from(AuthorKind),
)


@given(st.lists(reviewers, max_size=5), people)
def test_it_is_what_the_deciding_policy_says(reviews: list[Review], author: str) -> None:
    document: dict[str, JsonValue] = {
        "author": author,
        "reviews": [review.model_dump(mode="json") for review in reviews],
    }
    facts = reviews_facts(tuple(reviews), by(author))
    approvers = POLICY.evaluate("data.maestro.reviews.approvers", document).value
    rejecters = POLICY.evaluate("data.maestro.reviews.rejecters", document).value
    assert isinstance(approvers, list)
    assert isinstance(rejecters, list)
    assert (sorted(map(str, approvers)), len(rejecters)) == (list(facts.approvers or ()), facts.rejections)
