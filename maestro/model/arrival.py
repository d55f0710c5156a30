"""What has arrived from a forge and is to be followed, as it passes through Temporal: names and hashes, no content."""

from enum import StrEnum

from pydantic import Field

from maestro.model.base import Model
from maestro.model.decision import ActionKind
from maestro.model.pull_request import AuthorKind, PullRequest

ARRIVAL_WORKFLOW = "ArrivalWorkflow"
ARRIVED_SIGNAL = "arrived"

CLOSED = "closed"
"""``because``, of a pull request that nobody waits for any more."""

QUEUE = "queue-"
"""Before the hash of a commit that a merge queue made, which is conducted like a pull request."""


class ArrivalKind(StrEnum):
    """``pull_request``: look how it stands, and do what follows."""

    PULL_REQUEST = "pull_request"
    RERUN = "rerun"
    ACTION = "action"
    QUEUE_HEAD = "queue_head"
    QUEUE_LEFT = "queue_left"


class Arrived(Model):
    """One thing to follow. ``forge`` is its name in the topology, ``digest`` that of the delivery, ``because`` what the
    forge told. ``head_sha`` is the head as it was then; ``pr`` is empty where the forge named the head alone. ``login``
    is who did it at the forge; the names of branches are those of a queue.
    """

    forge: str
    repo: str
    pr: str = ""
    kind: ArrivalKind
    digest: str
    delivery: str = ""
    because: str = ""
    head_sha: str = ""
    head_ref: str = ""
    base_sha: str = ""
    base_ref: str = ""
    login: str = ""
    login_kind: AuthorKind = AuthorKind.HUMAN
    action: ActionKind | None = None
    reason: str = ""

    @property
    def workflow_id(self) -> str:
        """What arrives for one pull request is followed in order, one after the other."""
        subject = f"{QUEUE}{self.head_sha}" if self.is_of_queue else self.pr or self.head_sha
        return f"arrival/{self.forge}/{self.repo}/{subject}"

    @property
    def is_of_queue(self) -> bool:
        return self.kind in {ArrivalKind.QUEUE_HEAD, ArrivalKind.QUEUE_LEFT}

    @property
    def needs_look(self) -> bool:
        """Whether the forge has to be asked how it stands."""
        return self.kind in {ArrivalKind.PULL_REQUEST, ArrivalKind.RERUN, ArrivalKind.QUEUE_HEAD}


class Looked(Model):
    """How a pull request stands at its forge, in a sentence: ``said``.

    ``pull_request`` is what to conduct, None where there is nothing; ``problem`` says why that cannot be conducted, and
    ``has_landed`` that this is because the base has it already.
    ``stop`` says why whatever runs for ``pr`` with another head than ``head_sha`` is to end; empty: it is not.
    """

    repo: str
    pr: str
    said: str
    head_sha: str = ""
    pull_request: PullRequest | None = None
    problem: str = ""
    has_landed: bool = False
    stop: str = ""


class FollowRequest(Model):
    """Do what follows. ``heads`` were begun before: the list of workflows may not show them yet."""

    arrived: Arrived
    looked: Looked | None = None
    heads: tuple[str, ...] = ()


class Followed(Model):
    """What was done, in a sentence."""

    said: str


class GiveUpRequest(Model):
    """Say at the forge that nothing will come, where the head is known."""

    arrived: Arrived
    looked: Looked | None = None
    why: str


class ArrivalRequest(Model):
    """What a run begins with: nothing, or what the run before it had left.

    ``seen`` are digests of deliveries, ``heads`` the workflows that were begun last; ``has_left`` says that the queue
    needs its commit no more.
    """

    waiting: tuple[Arrived, ...] = ()
    seen: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    has_left: bool = False
    patience_seconds: float = Field(default=21_600.0, gt=0)
    linger_seconds: float = Field(default=300.0, gt=0)


def arrivals_queue(task_queue: str) -> str:
    """The task queue that gateways poll."""
    return f"{task_queue}-gateway"
