"""What each of Gitea's events means, action by action."""

import re

from maestro.forges.events import (
    Closed,
    Conduct,
    Ignored,
    Meaning,
    Person,
    Pushed,
    Relabelled,
    Reviewed,
    Seen,
    Verdict,
)
from maestro.forges.gitea import payloads
from maestro.forges.http.answer import printable

TEXT_LIMIT = 1_000

_NOBODY = Person(login="Ghost", id=-1)
"""As Gitea shows whoever has deleted their account."""

_ZEROS = re.compile(r"0+")
_HEADS = "refs/heads/"

_NEWS = {"opened": "opened", "reopened": "reopened", "synchronized": "new_head"}
_LABELS = frozenset({"label_updated", "label_cleared"})
_GONE = frozenset({"closed", "deleted"})
_DRAFT = re.compile(r"\s*(wip:|\[wip\])", re.IGNORECASE)
"""How the title of a draft begins, where Gitea's administrator has not said otherwise."""

_VERDICTS = {
    "pull_request_review_approved": Verdict.APPROVED,
    "pull_request_review_rejected": Verdict.CHANGES_REQUESTED,
}


def of_pull_request(event: payloads.PullEvent) -> Meaning:
    pull = event.pull_request
    if event.action == "deleted" and not pull.head.sha:
        return Ignored(reason="it was closed when its branch was deleted, and its head is gone with it")
    if event.action in _GONE:
        return Closed(pull_request=seen(pull), merged_sha=landed(pull))
    because = _because(event)
    if because is None and event.action not in _LABELS:
        return Ignored(reason="it changes neither the head, the base nor the labels")
    if pull.state != "open":
        return Ignored(reason="the pull request is closed")
    if because is None:
        # Gitea does not say which labels came and went, only which there are; of all that went, which there were.
        labels = {"labels": ()} if event.action == "label_cleared" else {}
        return Relabelled(pull_request=seen(pull).model_copy(update=labels))
    return Conduct.model_validate({"pull_request": seen(pull), "because": because})


def of_review(event: payloads.ReviewEvent) -> Meaning:
    verdict = _VERDICTS.get(event.review.type)
    if event.action != "reviewed" or verdict is None:
        return Ignored(reason="a review that only comments approves and refuses nothing")
    # Gitea does not say of which commit: the head may have moved on while the reviewer looked.
    return Reviewed(pull_request=seen(event.pull_request), reviewer=person(event.sender), verdict=verdict, sha="")


def of_push(event: payloads.PushEvent) -> Meaning:
    if not event.ref.startswith(_HEADS):
        return Ignored(reason="it moves a tag or a reference that nothing is merged into")
    return Pushed(
        repo=event.repository.full_name,
        branch=event.ref.removeprefix(_HEADS),
        before=_commit(event.before),
        after=_commit(event.after),
    )


def of_delete(event: payloads.DeleteEvent) -> Meaning:
    if event.ref_type != "branch":
        return Ignored(reason="it moves a tag or a reference that nothing is merged into")
    # No push says so; nor at which commit the branch was.
    return Pushed(repo=event.repository.full_name, branch=event.ref, before="", after="")


def person(user: payloads.User | None) -> Person:
    """Gitea knows no programs: whose login is one's, Maestro's own configuration says."""
    return Person(login=_line(user.login), id=user.id) if user else _NOBODY


def seen(pull: payloads.Pull) -> Seen:
    """The pull request of an event or an answer. Raises pydantic's ValidationError for one that no forge has."""
    return Seen(
        repo=pull.base.repo.full_name,
        repository=pull.base.repo.clone_url,
        pr=str(pull.number),
        head_sha=pull.head.sha,
        # Where the branch is gone, the commit at which the two met is what is left of it.
        base_sha=pull.base.sha or pull.merge_base,
        base_ref=pull.base.ref,
        head_ref=pull.head.ref,
        title=_line(pull.title),
        author=person(pull.user),
        labels=tuple(_line(label.name) for label in pull.labels or ()),
        is_draft=pull.draft,
        is_from_fork=pull.head.repo_id != pull.base.repo_id,
    )


def landed(pull: payloads.Pull) -> str:
    """The commit that landed; empty where none did."""
    return (pull.merge_commit_sha or "") if pull.merged else ""


def _because(event: payloads.PullEvent) -> str | None:
    """Why there is a head to conduct; None where there is none."""
    if event.action == "edited" and event.changes is not None:
        if event.changes.ref is not None:
            return "new_base"
        is_ready = event.changes.title is not None and not event.pull_request.draft
        return "ready" if is_ready and _was_draft(event) else None
    return _NEWS.get(event.action)


def _was_draft(event: payloads.PullEvent) -> bool:
    """Whether the title lost what made it a draft. One that only lost its first words is conducted once more, which
    comes to nothing for a head that was conducted already.
    """
    before = event.changes.title.value if event.changes and event.changes.title else ""
    now = event.pull_request.title
    return _DRAFT.match(before) is not None or (before != now and before.endswith(now))


def _commit(sha: str) -> str:
    return "" if _ZEROS.fullmatch(sha) else sha


def _line(text: str) -> str:
    return printable(text)[:TEXT_LIMIT]
