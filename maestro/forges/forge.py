"""What a forge has to be able to do, and the values that pass. An implementation is held against
``tests/forges/contract.py``.
"""

from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar

from maestro.model.base import Model
from maestro.model.decision import ActionKind
from maestro.model.pull_request import PullRequest

AskedT_contra = TypeVar("AskedT_contra", contravariant=True)
AnswerT_co = TypeVar("AnswerT_co", covariant=True)


class Comment(Model):
    """The comment of a pull request's head, in the version that ``key`` names. A later version takes its place; of two
    with one ``version`` the later ``at`` stands.
    """

    pull_request: PullRequest
    key: str
    version: int
    at: datetime
    text: str


class Commented(Model):
    """The comment is there. ``overtaken``: not in this version, because a later one was there before. ``commit`` is the
    forge's own name of what holds it.
    """

    commit: str
    overtaken: bool = False


class Merge(Model):
    """Let ``base_ref`` of the pull request point to its head, from the base that was tested and from no other."""

    pull_request: PullRequest
    key: str


class Merged(Model):
    """The base branch has ``head_sha`` in it; ``found``: it did so before anybody here merged it. ``landed`` is the
    commit that brought it there, empty where that is the head itself; nobody has tested that one.
    """

    base_ref: str
    head_sha: str
    found: bool = False
    landed: str = ""


class StatusState(StrEnum):
    """``action_required`` asks for a person. A state that has not ended is only ``in_progress``, never nothing."""

    IN_PROGRESS = "in_progress"
    SUCCESS = "success"
    FAILURE = "failure"
    ACTION_REQUIRED = "action_required"
    CANCELLED = "cancelled"


class Annotation(Model):
    """A failure at a place in the head. ``path`` is relative to the repository, ``line`` counts from 1."""

    path: str
    line: int
    title: str
    message: str


class Button(Model):
    """An action that the forge may offer. Each forge cuts the texts to what it takes."""

    kind: ActionKind
    label: str
    effect: str


class Status(Model):
    """What Maestro says of a pull request's head, where the forge shows it and may require it. A later version takes
    the place of an earlier one; of two with one ``version`` the later ``at`` stands. ``summary`` is Markdown, ``link``
    leads to the card.
    """

    pull_request: PullRequest
    key: str
    version: int
    at: datetime
    state: StatusState
    title: str
    summary: str = ""
    link: str = ""
    annotations: tuple[Annotation, ...] = ()
    buttons: tuple[Button, ...] = ()


class Stated(Model):
    """The status is there, under the forge's own ``name`` of it. ``overtaken`` as of a comment."""

    name: str
    overtaken: bool = False


class Refused(Model):
    """Nothing was done, and trying the same again does not help before somebody has mended what ``reason`` says."""

    reason: str


class Remote(Protocol[AskedT_contra, AnswerT_co]):
    """One kind of thing that is done once for each business key."""

    async def ask(self, wanted: AskedT_contra, /) -> AnswerT_co | None:
        """What was done under this key, by whomever; None where nothing was. Changes nothing."""
        ...

    async def call(self, wanted: AskedT_contra, /) -> AnswerT_co | Refused:
        """Do it by compare-and-swap, or answer what somebody else did in between.

        Raises ``PlatformUnavailable`` where the forge cannot be reached or does not say what became of it: ask then.
        """
        ...


class Forge(Protocol):
    """Where pull requests are commented on and merged."""

    @property
    def comments(self) -> Remote[Comment, Commented]: ...

    @property
    def merges(self) -> Remote[Merge, Merged]: ...


class StatusForge(Forge, Protocol):
    """A forge that shows, and may require, a status of each head. Plain git does not."""

    @property
    def statuses(self) -> Remote[Status, Stated]: ...
