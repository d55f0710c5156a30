"""The figures for whoever asks, kept for a minute: many look at the same ones, and reading a month takes a while."""

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from maestro.artifacts import ArtifactStore
from maestro.ledger import Ledger
from maestro.value import Figures, SealedCards, Wanted, figures, read

KEPT_SECONDS = 60.0
KEPT_ANSWERS = 64
AT_A_TIME = 2
"""Answers that are computed at the same time; others wait, so that cards and actions do not."""

Key = tuple[float, str | None, frozenset[str] | None]


def figures_now(
    ledger: Ledger,
    cards: SealedCards,
    *,
    days: float,
    namespace: str,
    repo: str | None = None,
    tenants: frozenset[str] | None = None,
) -> Figures:
    """The figures of the last ``days``, by the ledger's clock. Visits whose time is over are removed on the way.

    Raises IntegrityError for a record that does not fit its hash, PlatformUnavailable.
    """
    until = ledger.now()
    since = until - timedelta(days=days)
    ledger.usage.forget()
    rows = read(ledger, cards, Wanted(since=since, repo=repo, tenants=tenants, namespace=namespace))
    return figures(rows, since=since, until=until, repo=repo, tenants=tenants)


@dataclass
class _Answer:
    at: float
    task: "asyncio.Task[Figures]"


@dataclass
class FigureDesk:
    """Asks one ledger and store. Those who ask for the same at the same time wait for one answer."""

    ledger: Ledger
    store: ArtifactStore
    namespace: str
    _answers: "OrderedDict[Key, _Answer]" = field(default_factory=OrderedDict)
    _turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_A_TIME))

    def __post_init__(self) -> None:
        self._cards = SealedCards(self.store)

    async def figures(self, *, days: float, repo: str | None, tenants: frozenset[str] | None) -> Figures:
        """The figures, at most a minute old. Raises as ``figures_now`` does."""
        key = (days, repo, tenants)
        known = self._answers.get(key)
        if known is None or time.monotonic() - known.at > KEPT_SECONDS or _failed(known.task):
            known = self._answers[key] = _Answer(time.monotonic(), asyncio.create_task(self._read(*key)))
            self._answers.move_to_end(key)
            while len(self._answers) > KEPT_ANSWERS:
                self._answers.popitem(last=False)
        # Shielded: whoever goes away must not take the answer from the others.
        return await asyncio.shield(known.task)

    async def _read(self, days: float, repo: str | None, tenants: frozenset[str] | None) -> Figures:
        ask = partial(figures_now, self.ledger, self._cards, days=days, namespace=self.namespace)
        async with self._turn:
            return await asyncio.to_thread(ask, repo=repo, tenants=tenants)


def _failed(task: "asyncio.Task[Figures]") -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
