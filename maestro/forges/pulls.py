"""A pull request as it is at its forge now: webhooks come late, twice or never, and this is asked instead."""

from typing import Literal, Protocol

from maestro.forges.events import Seen, Sha
from maestro.model.base import Model


class PullState(Model):
    """``merged_sha`` is the commit that landed, empty where none did. What is not open is closed, or merged."""

    pull_request: Seen
    is_open: bool
    merged_sha: Literal[""] | Sha = ""


class Pulls(Protocol):
    """The pull requests of a forge."""

    async def get(self, repo: str, pr: str) -> PullState | None:
        """The pull request; None where the forge says that there is none, or that we may not see it.

        Raises PlatformUnavailable where the forge cannot be reached or answers something else, and BadInput where it
        takes our credentials no more.
        """
        ...
