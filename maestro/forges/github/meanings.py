"""What each of GitHub's events means, action by action."""

import re

from maestro.forges.events import (
    Act,
    Closed,
    Conduct,
    Ignored,
    Installed,
    Meaning,
    Person,
    Pushed,
    QueueHead,
    QueueLeft,
    Relabelled,
    Rerun,
    Reviewed,
    Seen,
    Verdict,
)
from maestro.forges.github import payloads
from maestro.forges.http.answer import printable
from maestro.model.decision import ActionKind
from maestro.model.pull_request import AuthorKind

TEXT_LIMIT = 1_000

_NOBODY = Person(login="ghost", id=0)
"""As GitHub shows whoever has deleted their account."""

_KEY = re.compile(r"status/[A-Za-z0-9._/-]{1,300}")
_ZEROS = re.compile(r"0+")
_HEADS = "refs/heads/"

_NEWS = {"opened": "opened", "reopened": "reopened", "synchronize": "new_head", "ready_for_review": "ready"}
_VERDICTS = {"approved": Verdict.APPROVED, "changes_requested": Verdict.CHANGES_REQUESTED}
_CHANGES = {
    "created": "created",
    "deleted": "deleted",
    "suspend": "suspended",
    "unsuspend": "unsuspended",
    "new_permissions_accepted": "permissions",
}


def of_pull_request(event: payloads.PullEvent) -> Meaning:
    pull_request = seen(event.pull_request, event.repository)
    if event.action == "closed":
        landed = event.pull_request.merge_commit_sha if event.pull_request.merged else None
        return Closed(pull_request=pull_request, merged_sha=landed or "")
    is_new_base = event.action == "edited" and event.changes.base is not None
    if event.action not in {*_NEWS, "labeled", "unlabeled"} and not is_new_base:
        return Ignored(reason="it changes neither the head, the base nor the labels")
    if event.pull_request.state != "open":
        return Ignored(reason="the pull request is closed")
    if event.action in {"labeled", "unlabeled"}:
        names = (_line(event.label.name),) if event.label else ()
        is_added = event.action == "labeled"
        return Relabelled(pull_request=pull_request, added=names if is_added else (), removed=() if is_added else names)
    because = "new_base" if is_new_base else _NEWS[event.action]
    return Conduct.model_validate({"pull_request": pull_request, "because": because})


def of_review(event: payloads.ReviewEvent) -> Meaning:
    review = event.review
    # GitHub writes the state in capitals in some of its answers.
    state = review.state.lower()
    verdict = Verdict.DISMISSED if event.action == "dismissed" else _VERDICTS.get(state)
    if event.action not in {"submitted", "dismissed"}:
        return Ignored(reason="it changes no reviewer's verdict")
    if verdict is None:
        return Ignored(reason="a review that only comments approves and refuses nothing")
    return Reviewed(
        pull_request=seen(event.pull_request, event.repository),
        reviewer=person(review.user),
        verdict=verdict,
        sha=review.commit_id or "",
        association=review.author_association[:40],
    )


def of_suite(event: payloads.SuiteEvent, *, app_id: int) -> Meaning:
    suite = event.check_suite
    if event.action != "rerequested":
        return Ignored(reason="a pull request's own event says that there is a head, and checks are asked for")
    if _is_another(suite.app, app_id):
        return Ignored(reason="the checks are another App's")
    prs = tuple(str(pull.number) for pull in suite.pull_requests)
    return Rerun(repo=event.repository.full_name, head_sha=suite.head_sha, prs=prs)


def of_run(event: payloads.RunEvent, *, app_id: int) -> Meaning:
    run = event.check_run
    if event.action not in {"rerequested", "requested_action"}:
        return Ignored(reason="the checks of a head are asked for when they are needed")
    if _is_another(run.app, app_id):
        return Ignored(reason="the check is another App's")
    found = _KEY.fullmatch(run.external_id or "")
    about = {
        "repo": event.repository.full_name,
        "head_sha": run.head_sha,
        "prs": tuple(str(pull.number) for pull in run.pull_requests),
        "key": found[0] if found else "",
    }
    if event.action == "rerequested":
        return Rerun.model_validate(about)
    identifier = event.requested_action.identifier if event.requested_action else ""
    if identifier not in {kind.value for kind in ActionKind}:
        return Ignored(reason="the button is none of Maestro's")
    return Act.model_validate(about | {"action": ActionKind(identifier)})


def of_group(event: payloads.GroupEvent) -> Meaning:
    group = event.merge_group
    if event.action == "checks_requested":
        return QueueHead(
            repo=event.repository.full_name,
            repository=event.repository.clone_url,
            head_sha=group.head_sha,
            head_ref=group.head_ref.removeprefix(_HEADS),
            base_sha=group.base_sha,
            base_ref=group.base_ref.removeprefix(_HEADS),
        )
    if event.action == "destroyed":
        return QueueLeft(repo=event.repository.full_name, head_sha=group.head_sha, reason=_line(event.reason))
    return Ignored(reason="the queue asks for nothing")


def of_push(event: payloads.PushEvent) -> Meaning:
    if not event.ref.startswith(_HEADS):
        return Ignored(reason="it moves a tag or a reference that nothing is merged into")
    return Pushed(
        repo=event.repository.full_name,
        branch=event.ref.removeprefix(_HEADS),
        before=_commit(event.before),
        after=_commit(event.after),
        is_forced=event.forced,
    )


def of_installation(event: payloads.InstallationEvent) -> Meaning:
    if event.action not in _CHANGES:
        return Ignored(reason="it changes nothing of where Maestro may work")
    detail = event.installation
    return Installed.model_validate(
        {
            "account": detail.account.login if detail.account else "",
            "installation": detail.id,
            "change": _CHANGES[event.action],
            "repos": tuple(repository.full_name for repository in event.repositories or ()),
        }
    )


def person(user: payloads.User | None) -> Person:
    """GitHub calls every program a bot; a person's program that acts by the person's token is the person to it."""
    if user is None:
        return _NOBODY
    kind = AuthorKind.AGENT if user.type == "Bot" else AuthorKind.HUMAN
    return Person(login=_line(user.login), id=user.id, kind=kind)


def seen(pull: payloads.Pull, repository: payloads.Repository) -> Seen:
    """The pull request of an event or an answer. Raises pydantic's ValidationError for one that no forge has."""
    return Seen(
        repo=repository.full_name,
        repository=repository.clone_url,
        pr=str(pull.number),
        head_sha=pull.head.sha,
        base_sha=pull.base.sha,
        base_ref=pull.base.ref,
        head_ref=pull.head.ref,
        title=_line(pull.title),
        author=person(pull.user),
        labels=tuple(_line(label.name) for label in pull.labels),
        is_draft=pull.draft,
        is_from_fork=pull.head.repo is None or pull.head.repo.id != repository.id,
    )


def _is_another(app: payloads.App | None, app_id: int) -> bool:
    return bool(app_id) and (app is None or app.id != app_id)


def _commit(sha: str) -> str:
    return "" if _ZEROS.fullmatch(sha) else sha


def _line(text: str) -> str:
    return printable(text)[:TEXT_LIMIT]
