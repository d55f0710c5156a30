"""What a forge tells by a webhook, as Maestro understands it: the same words for every forge.

What stands in here was signed by the forge, and written by anybody: names and titles are data. Nothing is done by
reading it. A delivery may come twice, late, or in another order than things happened: ``Event.delivery`` tells it from
others where the forge sends it again, ``Event.digest`` also where somebody else does.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from maestro.errors import BadInput
from maestro.model.base import Model
from maestro.model.decision import ActionKind
from maestro.model.pull_request import SHA_PATTERN, AuthorKind

EVENT_LIMIT_BYTES = 10_000_000

Sha = Annotated[str, Field(pattern=SHA_PATTERN)]
Address = Annotated[str, Field(pattern=r"^https?://[^\s]+$", max_length=1_000)]
"""Of git over HTTP: no other way is fetched by because a forge says so."""

_PART = r"\.*[A-Za-z0-9_-][A-Za-z0-9._-]*"
Repo = Annotated[str, Field(pattern=rf"^{_PART}(/{_PART})+$", max_length=200)]
"""Owner and name; no part of it is a way up in a path."""


class NotSignedError(BadInput):
    """The signature is missing or wrong: nothing in the delivery is believed, and nothing of it was read."""


class TooLargeError(BadInput):
    """The delivery is larger than any that a forge sends."""


class Person(Model):
    """Who did it at the forge: the name they log in by, and the number that stays when they rename themselves."""

    login: str
    id: int
    kind: AuthorKind = AuthorKind.HUMAN


class Seen(Model):
    """A pull request as the forge saw it then. ``repository`` is where git fetches from; ``labels`` are the forge's."""

    repo: Repo
    repository: Address
    pr: str = Field(pattern=r"^[0-9]{1,15}$")
    head_sha: Sha
    base_sha: Sha
    base_ref: str
    head_ref: str
    title: str
    author: Person
    labels: tuple[str, ...] = ()
    is_draft: bool = False
    is_from_fork: bool = False


class Conduct(Model):
    """There is a head to conduct: ``because`` it is new, its base is another one, or it is ready."""

    kind: Literal["conduct"] = "conduct"
    pull_request: Seen
    because: Literal["opened", "reopened", "new_head", "new_base", "ready"]


class Relabelled(Model):
    """The labels are others, and policy may know them: conduct the same head by the labels of now."""

    kind: Literal["relabelled"] = "relabelled"
    pull_request: Seen
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class Closed(Model):
    """Nobody waits for it any more: what runs is cancelled. ``merged_sha`` is the commit that landed, if one did."""

    kind: Literal["closed"] = "closed"
    pull_request: Seen
    merged_sha: Literal[""] | Sha = ""


class Rerun(Model):
    """A person asks for the head's status once more. ``key`` is the business key of the status where one was named;
    ``prs`` are the pull requests that the forge knows for the head, which are none for one from a fork.
    """

    kind: Literal["rerun"] = "rerun"
    repo: Repo
    head_sha: Sha
    prs: tuple[str, ...] = ()
    key: str = ""


class Act(Model):
    """A button of the status was pressed by the event's sender. Whether they may is not for the forge to say."""

    kind: Literal["act"] = "act"
    repo: Repo
    head_sha: Sha
    prs: tuple[str, ...] = ()
    key: str = ""
    action: ActionKind


class Verdict(StrEnum):
    """``dismissed``: what the reviewer said before counts no more."""

    APPROVED = "approved"
    CHANGES_REQUESTED = "changes_requested"
    DISMISSED = "dismissed"


class Reviewed(Model):
    """``reviewer`` said so of the commit ``sha``, which the head may have left behind; empty where that commit is gone.
    ``association`` is the forge's word for what the reviewer is to the repository.
    """

    kind: Literal["reviewed"] = "reviewed"
    pull_request: Seen
    reviewer: Person
    verdict: Verdict
    sha: Literal[""] | Sha
    association: str = ""


class QueueHead(Model):
    """A queue asks whether this commit, which it made of the base and of what waits before, may land."""

    kind: Literal["queue_head"] = "queue_head"
    repo: Repo
    repository: Address
    head_sha: Sha
    head_ref: str
    base_sha: Sha
    base_ref: str


class QueueLeft(Model):
    """The queue needs this commit no more: it has landed, or something before it failed. ``reason`` is the forge's."""

    kind: Literal["queue_left"] = "queue_left"
    repo: Repo
    head_sha: Sha
    reason: str = ""


class Pushed(Model):
    """A branch is at another commit: pull requests into it were tested against a base that is gone. ``after`` is empty
    where the branch was deleted, ``before`` where it is new.
    """

    kind: Literal["pushed"] = "pushed"
    repo: Repo
    branch: str
    before: Literal[""] | Sha
    after: Literal[""] | Sha
    is_forced: bool = False


class Installed(Model):
    """Maestro may work for these repositories (``added``), or may not any more (``removed``)."""

    kind: Literal["installed"] = "installed"
    account: str
    installation: int
    change: Literal["created", "deleted", "suspended", "unsuspended", "permissions"]
    repos: tuple[str, ...] = ()


class Ignored(Model):
    """Nothing follows from it, for this ``reason``."""

    kind: Literal["ignored"] = "ignored"
    reason: str


Meaning = Annotated[
    Conduct | Relabelled | Closed | Rerun | Act | Reviewed | QueueHead | QueueLeft | Pushed | Installed | Ignored,
    Field(discriminator="kind"),
]


class Event(Model):
    """One delivery. ``name`` and ``action`` are the forge's words; ``digest`` is that of the body, which the signature
    covers and the delivery's id is not covered by.
    """

    forge: Literal["github", "gitea"]
    delivery: str
    digest: str
    name: str
    action: str = ""
    sender: Person | None = None
    installation: int = 0
    meaning: Meaning
