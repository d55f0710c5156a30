"""What is injected, where, when and for how long: all of it follows from the number of faults and a seed.

Each fault takes what it hurts, for as long as it lasts and until that had time to come back, so that no two hurt the
same at once. At most one region is taken out at a time; killing the other one's worker meanwhile is allowed, and leaves
nobody at work for as long as a start takes.
"""

import math
import random
from collections.abc import Iterable, Sequence
from enum import StrEnum

from maestro.errors import BadInput
from maestro.model.base import Model

MEAN_PAUSE_SECONDS = 2.0
"""Between the beginnings of two faults; 500 of them take about twenty minutes."""

SHORTEST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 8.0

MOST_AT_ONCE = 4
"""So that enough is left on two cores for what is hurt to come back at all."""

MOST_FAULTS = 10_000

ACTIVE = "active"
"""The target of a fault that hurts whichever cluster is active when it begins."""

LINK = "link"
"""The target of a fault between the clusters."""

LEDGER = "ledger"
"""The target of a fault that every region feels."""


class FaultKind(StrEnum):
    KILL_WORKER = "kill worker"
    KILL_SERVER = "kill server"
    KILL_CONTROLLER = "kill controller"
    FREEZE_WORKER = "freeze worker"
    FREEZE_SERVER = "freeze server"
    FREEZE_CONTROLLER = "freeze controller"
    FREEZE_REGION = "freeze region"
    PART_CLUSTERS = "partition between clusters"
    PART_LEDGER = "partition from ledger"
    SLOW_LEDGER = "slow ledger"
    CLOCK_STEP = "clock step"
    SPLIT_BRAIN = "split brain"
    HANDOVER = "planned failover"
    KILL_IN_HANDOVER = "kill in handover"


class Fault(Model):
    """One fault. ``at_seconds`` counts from the drill's beginning. ``amount`` is the delay of a slow ledger or the step
    of a clock in seconds, else 0.
    """

    number: int
    kind: FaultKind
    target: str
    at_seconds: float
    duration_seconds: float
    amount: float = 0.0

    @property
    def ends_at_seconds(self) -> float:
        return round(self.at_seconds + self.duration_seconds, 3)


class _Sort(Model):
    """How often a kind comes, how long it lasts (seconds, least and most), and how long what it hurt is left alone
    after it: a process that was killed needs ten seconds to be back on a busy machine, and should then do some work.
    ``hurts`` names that, with the target in place of ``{}``.
    """

    weight: float
    least_seconds: float
    most_seconds: float
    rest_seconds: float
    hurts: tuple[str, ...]


REGION_OUT = "a region"
"""Taken by whatever may take a whole region out, so that the other one and the ledger remain. It is rarely free, hence
the weights of those that need it, most of all of the one that needs all parts of a region.
"""

MOVE = "the namespace"
"""Taken by whatever moves the namespace on purpose."""

SORTS = {
    FaultKind.KILL_WORKER: _Sort(weight=4, least_seconds=0, most_seconds=0, rest_seconds=30, hurts=("worker {}",)),
    FaultKind.KILL_SERVER: _Sort(
        weight=16, least_seconds=0, most_seconds=0, rest_seconds=20, hurts=("server {}", REGION_OUT)
    ),
    FaultKind.KILL_CONTROLLER: _Sort(
        weight=2, least_seconds=0, most_seconds=0, rest_seconds=35, hurts=("controller {}",)
    ),
    FaultKind.FREEZE_WORKER: _Sort(weight=6, least_seconds=0.5, most_seconds=15, rest_seconds=6, hurts=("worker {}",)),
    FaultKind.FREEZE_SERVER: _Sort(
        weight=30, least_seconds=9, most_seconds=20, rest_seconds=14, hurts=("server {}", REGION_OUT)
    ),
    FaultKind.FREEZE_CONTROLLER: _Sort(
        weight=3, least_seconds=0.5, most_seconds=12, rest_seconds=15, hurts=("controller {}",)
    ),
    FaultKind.FREEZE_REGION: _Sort(
        weight=100,
        least_seconds=9,
        most_seconds=20,
        rest_seconds=16,
        hurts=("worker {}", "server {}", "controller {}", REGION_OUT),
    ),
    FaultKind.PART_CLUSTERS: _Sort(weight=5, least_seconds=1, most_seconds=12, rest_seconds=4, hurts=(LINK,)),
    FaultKind.PART_LEDGER: _Sort(
        weight=20, least_seconds=2, most_seconds=12, rest_seconds=6, hurts=("ledger {}", REGION_OUT)
    ),
    FaultKind.SLOW_LEDGER: _Sort(weight=4, least_seconds=2, most_seconds=10, rest_seconds=8, hurts=(LEDGER,)),
    FaultKind.CLOCK_STEP: _Sort(weight=4, least_seconds=3, most_seconds=20, rest_seconds=0, hurts=("clock {}",)),
    FaultKind.SPLIT_BRAIN: _Sort(
        weight=60, least_seconds=6, most_seconds=10, rest_seconds=20, hurts=(REGION_OUT, MOVE, LINK)
    ),
    FaultKind.HANDOVER: _Sort(weight=25, least_seconds=0, most_seconds=0, rest_seconds=12, hurts=(REGION_OUT, MOVE)),
    FaultKind.KILL_IN_HANDOVER: _Sort(
        weight=15, least_seconds=0.5, most_seconds=2, rest_seconds=20, hurts=(REGION_OUT, MOVE)
    ),
}

SLOW_SECONDS = (0.01, 0.15)
"""How late a slow ledger's answers are, in each direction, least and most."""

STEP_SECONDS = 120.0
"""The farthest that a clock is stepped, forwards or backwards."""

_WITHOUT_REGION = {
    FaultKind.PART_CLUSTERS: LINK,
    FaultKind.SLOW_LEDGER: LEDGER,
    FaultKind.SPLIT_BRAIN: ACTIVE,
    FaultKind.HANDOVER: ACTIVE,
    FaultKind.KILL_IN_HANDOVER: ACTIVE,
}


def schedule(count: int, *, seed: int, regions: Sequence[str]) -> tuple[Fault, ...]:
    """``count`` faults in the order of their beginnings; the same arguments give the same ones. Every kind comes once
    before kinds come by their weight, so that a short drill has them all.

    Raises BadInput for a count that makes no drill, or without a second region to go on in.
    """
    if not 1 <= count <= MOST_FAULTS:
        raise BadInput(f"{count} faults make no drill", field="--faults", fix=f"use a number from 1 to {MOST_FAULTS}")
    if len(regions) < 2:
        raise BadInput("there is no region to go on in", field="regions", fix="name two regions")
    # Not for secrets: the same seed has to give the same drill.
    chance = random.Random(seed)  # noqa: S311
    choices = [(kind, target) for kind in FaultKind for target in _targets(kind, regions)]
    free_at: dict[str, float] = {}
    faults: list[Fault] = []
    missing = set(FaultKind)
    now = 0.0
    while len(faults) < count:
        now += min(max(chance.expovariate(1 / MEAN_PAUSE_SECONDS), SHORTEST_PAUSE_SECONDS), LONGEST_PAUSE_SECONDS)
        now = _rounded_up(max(now, _room_at(faults, now)))
        only_missing = count - len(faults) <= len(missing)
        while not (possible := _possible(choices, free_at, now, missing, only_missing=only_missing)):
            now = _rounded_up(min(at for at in free_at.values() if at > now))
        kind, target = chance.choices(possible, weights=[_weight(*choice, regions) for choice in possible])[0]
        missing.discard(kind)
        fault = _drawn(chance, kind, target, number=len(faults) + 1, at_seconds=now)
        faults.append(fault)
        for hurt in hurts(fault):
            free_at[hurt] = round(fault.ends_at_seconds + SORTS[kind].rest_seconds, 3)
    return tuple(faults)


def hurts(fault: Fault) -> tuple[str, ...]:
    """What the fault takes for itself."""
    return tuple(hurt.format(fault.target) for hurt in SORTS[fault.kind].hurts)


def _rounded_up(seconds: float) -> float:
    """To milliseconds, and never to before what has to have ended by then."""
    return math.ceil(seconds * 1_000) / 1_000


def _targets(kind: FaultKind, regions: Sequence[str]) -> Sequence[str]:
    return (_WITHOUT_REGION[kind],) if kind in _WITHOUT_REGION else regions


def _weight(kind: FaultKind, target: str, regions: Sequence[str]) -> float:
    return SORTS[kind].weight / (len(regions) if target in regions else 1)


def _room_at(faults: Iterable[Fault], now: float) -> float:
    """When there are fewer faults at once than may be; at ``now`` if that is so already."""
    ends = sorted((fault.ends_at_seconds for fault in faults if fault.ends_at_seconds > now), reverse=True)
    return ends[MOST_AT_ONCE - 1] if len(ends) >= MOST_AT_ONCE else now


def _possible(
    choices: Iterable[tuple[FaultKind, str]],
    free_at: dict[str, float],
    now: float,
    missing: set[FaultKind],
    *,
    only_missing: bool,
) -> list[tuple[FaultKind, str]]:
    """What nothing else hurts now; of the kinds that are ``missing`` where there is one among them."""
    free = [
        (kind, target)
        for kind, target in choices
        if all(free_at.get(hurt.format(target), 0.0) <= now for hurt in SORTS[kind].hurts)
    ]
    wanted = [choice for choice in free if choice[0] in missing]
    return wanted if wanted or only_missing else free


def _drawn(chance: random.Random, kind: FaultKind, target: str, *, number: int, at_seconds: float) -> Fault:
    sort = SORTS[kind]
    # Squared: most are short, as in life, and some are long enough for everybody else to go on meanwhile.
    duration = sort.least_seconds + (sort.most_seconds - sort.least_seconds) * chance.random() ** 2
    amount = 0.0
    if kind is FaultKind.SLOW_LEDGER:
        amount = chance.uniform(*SLOW_SECONDS)
    elif kind is FaultKind.CLOCK_STEP:
        amount = chance.uniform(-STEP_SECONDS, STEP_SECONDS)
    return Fault(
        number=number,
        kind=kind,
        target=target,
        at_seconds=at_seconds,
        duration_seconds=round(duration, 3),
        amount=round(amount, 3),
    )
