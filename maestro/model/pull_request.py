"""The pull request that is conducted, and the keys under which its effects are known."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from maestro.model.artifact import ArtifactRef
from maestro.model.base import Model

SHA_PATTERN = r"^[0-9a-f]{40}([0-9a-f]{24})?$"


Publishing = Literal["comment", "merge", "status"]
"""What the forge is told of a pull request, where that is asked for; a status also while it is conducted."""


class AuthorKind(StrEnum):
    HUMAN = "human"
    AGENT = "agent"


class PullRequest(Model):
    """One head against one base of one repository.

    ``repository`` is a URL or an absolute path that every region can fetch from. ``repo`` is its short name and
    ``pr`` the number on the forge, or ``local-<base>`` for one that no forge knows; both are part of every business
    key. ``labels`` are the forge's; policy knows some of them. ``notes`` are remarks that the reviewer should see (a
    dirty work tree, a shallow clone). ``base_ref`` is the branch whose newest commit ``base_sha`` was, empty where
    the base was named otherwise; ``contributors`` wrote its commits, beside the author. ``publish`` is what is done on
    the forge with the decision. ``checks`` (what a forge's checks say of the head) and ``attestations`` came with it as
    files; nothing in them is believed before it is judged.
    """

    repository: str
    repo: str = Field(pattern=r"^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$")
    pr: str = Field(pattern=r"^[A-Za-z0-9._-]+$")
    base_sha: str = Field(pattern=SHA_PATTERN)
    head_sha: str = Field(pattern=SHA_PATTERN)
    merge_base_sha: str = Field(pattern=SHA_PATTERN)
    title: str = ""
    author: str = ""
    author_kind: AuthorKind = AuthorKind.HUMAN
    tenant: str = "default"
    labels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    base_ref: str = ""
    contributors: tuple[str, ...] = ()
    publish: tuple[Publishing, ...] = ()
    checks: ArtifactRef | None = None
    attestations: tuple[ArtifactRef, ...] = ()

    @property
    def workflow_id(self) -> str:
        return f"pr/{self.repo}/{self.pr}/{self.head_sha}"

    def key(self, kind: str, ordinal: str | int = 0) -> str:
        """The business key of an effect: ``kind/repo/pr/head_sha/ordinal``."""
        return f"{kind}/{self.repo}/{self.pr}/{self.head_sha}/{ordinal}"
