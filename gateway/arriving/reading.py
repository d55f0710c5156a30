"""From a forge's event to what is to be followed. Pure; what nothing follows from is nothing."""

import re
from typing import Literal, assert_never

from maestro.forges.events import (
    Act,
    Closed,
    Conduct,
    Event,
    Ignored,
    Installed,
    Pushed,
    QueueHead,
    QueueLeft,
    Relabelled,
    Rerun,
    Reviewed,
    Verdict,
)
from maestro.model.arrival import ArrivalKind, Arrived
from maestro.model.base import Model
from maestro.model.decision import ActionKind
from maestro.model.pull_request import AuthorKind

ForgeKind = Literal["github", "gitea"]

PRS_LIMIT = 20
"""Pull requests of one head: each is followed by itself."""

_KEY = re.compile(r"status/(?P<repo>.+)/(?P<pr>[A-Za-z0-9._-]+)/(?P<head>[0-9a-f]{40,64})/[^/]+")


class Read(Model):
    """What is to be followed, or why nothing is."""

    arrivals: tuple[Arrived, ...] = ()
    ignored: str = ""


def read_event(event: Event, *, forge: str) -> Read:
    """What follows from the event of the forge with that name."""
    sender = event.sender
    told = Arrived(
        forge=forge,
        repo="",
        kind=ArrivalKind.PULL_REQUEST,
        digest=event.digest,
        delivery=event.delivery,
        login=sender.login if sender else "",
        login_kind=sender.kind if sender else AuthorKind.HUMAN,
    )
    meaning = event.meaning
    arrivals: tuple[Arrived, ...]
    match meaning:
        case Conduct() | Relabelled() | Closed():
            arrivals = (_of_pull(told, meaning),)
        case Rerun() | Act():
            arrivals = _of_head(told, meaning)
        case Reviewed() if not _why_no_action(meaning, event.forge):
            arrivals = (_of_review(told, meaning),)
        case QueueHead() | QueueLeft():
            arrivals = (_of_queue(told, meaning),)
        case Reviewed() | Pushed() | Installed() | Ignored():
            return Read(ignored=_why_nothing(meaning, event.forge))
        case _:
            assert_never(meaning)
    return Read(arrivals=arrivals)


def _why_nothing(meaning: Reviewed | Pushed | Installed | Ignored, forge: ForgeKind) -> str:
    match meaning:
        case Reviewed():
            return _why_no_action(meaning, forge)
        case Pushed():
            return "a branch that moved makes nothing run again: a merge compares the base"
        case Installed():
            return "where Maestro may work is asked for when it is needed"
        case Ignored():
            return meaning.reason


def _why_no_action(meaning: Reviewed, forge: ForgeKind) -> str:
    if meaning.verdict is Verdict.DISMISSED:
        return "a review that is dismissed takes nothing back: what it decided is decided"
    # Gitea never tells of which commit a review is; it is asked for when the review is followed.
    return "" if meaning.sha or forge == "gitea" else "the review is of a commit that is gone"


def _of_pull(told: Arrived, meaning: Conduct | Relabelled | Closed) -> Arrived:
    because = meaning.because if isinstance(meaning, Conduct) else meaning.kind
    seen = meaning.pull_request
    return _about(told, repo=seen.repo, pr=seen.pr, head_sha=seen.head_sha, because=because)


def _of_review(told: Arrived, meaning: Reviewed) -> Arrived:
    is_approval = meaning.verdict is Verdict.APPROVED
    return _about(
        told,
        repo=meaning.pull_request.repo,
        pr=meaning.pull_request.pr,
        kind=ArrivalKind.ACTION,
        because="a review",
        head_sha=meaning.sha,
        login=meaning.reviewer.login,
        login_kind=meaning.reviewer.kind,
        action=ActionKind.APPROVE if is_approval else ActionKind.REJECT,
        # An approval that gives a reason answers what incidents say; a review's button answers nothing.
        reason="" if is_approval else f"changes were requested in a review at {told.forge}",
    )


def _of_queue(told: Arrived, meaning: QueueHead | QueueLeft) -> Arrived:
    if isinstance(meaning, QueueLeft):
        kind = ArrivalKind.QUEUE_LEFT
        return _about(told, kind=kind, repo=meaning.repo, head_sha=meaning.head_sha, because=meaning.reason)
    names = {"repo", "head_sha", "head_ref", "base_sha", "base_ref"}
    return _about(told, kind=ArrivalKind.QUEUE_HEAD, **meaning.model_dump(include=names))


def _of_head(told: Arrived, meaning: Rerun | Act) -> tuple[Arrived, ...]:
    """What is asked of a head's status: for the pull request that the status is of, else for all of that head."""
    asked = _about(told, repo=meaning.repo, head_sha=meaning.head_sha)
    if isinstance(meaning, Act):
        asked = _about(asked, kind=ArrivalKind.ACTION, because="a button", action=meaning.action)
    else:
        asked = _about(asked, kind=ArrivalKind.RERUN, because="asked for once more")
    prs = _named(meaning) or tuple(dict.fromkeys(meaning.prs))[:PRS_LIMIT] or ("",)
    return tuple(_about(asked, pr=pr) for pr in prs)


def _named(meaning: Rerun | Act) -> tuple[str, ...]:
    """By the status's own key, where it is of this head: what stands there anybody may have written."""
    found = _KEY.fullmatch(meaning.key)
    if found is None or (found["repo"], found["head"]) != (meaning.repo, meaning.head_sha):
        return ()
    return (found["pr"],)


def _about(told: Arrived, **more: object) -> Arrived:
    return told.model_copy(update=more)
