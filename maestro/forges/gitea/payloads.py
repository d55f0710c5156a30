"""What we use of Gitea's webhooks, and of its answers where they are the same. Strict in that, and blind to everything
else in them.
"""

from pydantic import BaseModel, ConfigDict


class Payload(BaseModel):
    """No text passes for a number here, and no number for a truth."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class User(Payload):
    login: str
    id: int


class Repository(Payload):
    id: int
    full_name: str
    clone_url: str


class Side(Payload):
    # The number of a repository that is gone is -1.
    ref: str
    sha: str
    repo_id: int


class Base(Side):
    repo: Repository


class Label(Payload):
    name: str


class Pull(Payload):
    number: int
    state: str
    title: str
    user: User | None
    head: Side
    base: Base
    # Gitea writes null for a list without elements in some of its answers.
    labels: list[Label] | None = None
    draft: bool = False
    merged: bool = False
    merge_commit_sha: str | None = None
    merge_base: str = ""


class Before(Payload):
    # The name is a word of Python's.
    model_config = ConfigDict(alias_generator=lambda name: {"value": "from"}.get(name, name))

    value: str


class Changes(Payload):
    ref: Before | None = None
    title: Before | None = None


class Envelope(Payload):
    """What is the same in every event that is looked into."""

    action: str = ""
    sender: User | None = None


class PullEvent(Envelope):
    # The number stands there of these events alone, so that no other event passes for one of them.
    number: int
    pull_request: Pull
    changes: Changes | None = None


class Review(Payload):
    type: str


class ReviewEvent(PullEvent):
    review: Review
    sender: User


class DeleteEvent(Envelope):
    # Who pushed stands there so of this event alone: one that a branch was made does not pass for it.
    pusher_type: str
    ref: str
    ref_type: str
    repository: Repository


class PushEvent(Envelope):
    ref: str
    before: str
    after: str
    repository: Repository
