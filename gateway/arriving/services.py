"""What is needed to follow what arrives."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from gateway.connection import Connection
from maestro.config.gateway import ForgeConfig
from maestro.config.topology import Topology
from maestro.errors import BadInput
from maestro.execution.places import Places
from maestro.forges.events import Verdict
from maestro.forges.forge import Remote, Stated, Status
from maestro.forges.pulls import Pulls
from maestro.ledger import Ledger

FETCHES = 8
"""At a time: a fetch holds its thread for as long as it takes, and nobody else's."""


class AskedForge(Protocol):
    """What of a forge is used here."""

    @property
    def pulls(self) -> Pulls: ...

    @property
    def statuses(self) -> Remote[Status, Stated]: ...


@runtime_checkable
class ReviewedForge(Protocol):
    """A forge whose webhooks do not tell of which commit a review is."""

    @property
    def reviews(self) -> "Reviews": ...


class Reviews(Protocol):
    async def sha_of(self, repo: str, pr: str, *, reviewer: str, verdict: Verdict) -> str:
        """The commit of the newest such review, empty where there is none."""
        ...


def _git_threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(FETCHES, thread_name_prefix="git")


@dataclass(frozen=True)
class ArrivalServices:
    """``forge`` opens a forge by its name in the topology. ``threads`` are for git; ``close`` lets go of them."""

    connection: Connection
    ledger: Ledger
    places: Places
    forge: Callable[[str], AskedForge]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    threads: ThreadPoolExecutor = field(default_factory=_git_threads)

    @property
    def topology(self) -> Topology:
        return self.connection.topology

    def config(self, name: str) -> ForgeConfig:
        """The forge's settings. Raises BadInput where the topology has it no more."""
        for forge in self.topology.forges:
            if forge.name == name:
                return forge
        raise BadInput(f"the topology has no forge {name!r}", field="forges", fix="add it again, or remove its webhook")

    def close(self) -> None:
        self.threads.shutdown(wait=False, cancel_futures=True)
