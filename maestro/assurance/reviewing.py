"""What people said of a head, as facts: by the rules of ``policies/reviews.rego``, which decides by the same."""

from maestro.assurance.facts import ReviewsFacts
from maestro.model.decision import Review
from maestro.model.pull_request import AuthorKind, PullRequest


def reviews_facts(reviews: tuple[Review, ...], pull_request: PullRequest) -> ReviewsFacts:
    """The last word of each reviewer stands. An approval counts when a person other than the author gave it."""
    standing = list({address(review.actor): review for review in reviews}.values())
    approvals = [review for review in standing if review.kind == "approve"]
    approvers = {review.actor for review in approvals if _counts(review, pull_request.author)}
    return ReviewsFacts(
        approvals=len(approvers),
        approvers=tuple(sorted(approvers)),
        rejections=sum(review.kind == "reject" for review in standing),
        void_approvals=len(approvals) - len(approvers),
        author_kind=pull_request.author_kind.value,
    )


def address(person: str) -> str:
    """Git names a person as "name <address>", a forge or a command may give the address alone."""
    return person.rpartition("<")[2].strip("> ").lower()


def _counts(review: Review, author: str) -> bool:
    """Where the author is not known, nobody can be shown to be somebody else."""
    return review.actor_kind is AuthorKind.HUMAN and author != "" and address(review.actor) != address(author)
