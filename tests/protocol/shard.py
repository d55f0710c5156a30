"""Effects inside the ledger: two regions conduct the same shard, as ``maestro/execution/shard.py`` does, under leases.

A shard here has one test, whose verdict is recorded in a transaction of its own, and a result that says whether there
was a verdict. Both regions may be given it at any time, at the same attempt. Fences and versions of the epoch are
counted anew after each step: so the states are finite, and any number of takeovers and failovers is covered.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from tests.protocol.explorer import Promise, Step

REGIONS = ("north", "south")
"""Each the region of one cluster, with one worker process. The namespace is active in the cluster of north at first."""

IDLE, ASKED, ADMITTED, HOLDING, RECORDING, COMMITTING = range(6)
STALE, LEAVING, CURRENT, NEXT = range(4)
"""What a version is to the ledger's epoch. NEXT is that of a handover that was withdrawn: it will be used again."""


class Guard(StrEnum):
    """What may be taken out, to see what it is there for."""

    FENCE = "the lease is checked in each write"
    NUMBER = "that check compares the fence, not only the holder and the time"
    KEY = "an effect's key is unique"
    LOOK = "who got the lease looks for the effect before it works"
    EPOCH = "the epoch is checked when a lease is asked for"
    ATOMIC = "the epoch is held until the lease is given"
    REVOCATION = "a forced failover revokes leases"
    EXPIRY = "leases expire"


class Lease(NamedTuple):
    """The ledger's row. ``left`` is for the promises: its region's epoch was ended by force since it was given."""

    owner: int = -1
    fence: int = 0
    valid: bool = False
    standing: int = CURRENT
    left: bool = False


class Worker(NamedTuple):
    """A region's process. ``fence`` is of the lease that it believes in, ``said`` what its result says."""

    phase: int = IDLE
    standing: int = CURRENT
    fence: int = 0
    said: bool = False
    frozen: bool = False


class Stray(NamedTuple):
    """A request that is under way still, though who sent it has given it up or died."""

    region: int
    phase: int
    number: int
    said: bool


class State(NamedTuple):
    """``active`` is the region whose cluster may act, ``moving`` whether a planned handover to it is under way.

    ``effects`` counts them; ``said`` is what the last says; ``verdict`` whether there is one in the history. ``wrote``
    is the fence of a write in the step that led here, -1 without one.
    """

    workers: tuple[Worker, Worker] = (Worker(), Worker())
    lease: Lease = Lease()
    active: int = 0
    moving: bool = False
    effects: int = 0
    said: bool = False
    verdict: bool = False
    stray: Stray | None = None
    wrote: int = -1


ONCE = "at most one effect for a key"
AGREES = "a result says what the history says"
HELD = "nothing is written under a lease that was lost"
ONE_HOLDER = "never two who could write"
RISES = "fences only rise"
ADMITTED_ONLY = "no lease for an epoch that was left"
LEFT_BEHIND = "nothing is written under a lease from before a forced failover of its region"


@dataclass(frozen=True)
class ShardModel:
    """The protocol without the guards in ``without``.

    ``one_name``: Temporal gave both the same try, and both ask for the lease under the same name. The rest says what
    may happen: ``failovers`` that the epoch is raised, ``verdicts`` that the test has one, ``freezes`` that a region
    stops and goes on. Any region may do nothing for a while; freezing is a step to show that it adds nothing to that.
    """

    without: frozenset[Guard] = frozenset()
    one_name: bool = False
    failovers: bool = True
    verdicts: bool = True
    freezes: bool = False

    @property
    def start(self) -> State:
        return State()

    @property
    def actors(self) -> tuple[str, ...]:
        return REGIONS

    def goal(self, state: State) -> bool:
        return state.effects > 0

    @property
    def promises(self) -> tuple[Promise[State], ...]:
        return (
            Promise(ONCE, lambda _, after: after.effects < 2),
            Promise(AGREES, lambda _, after: not after.effects or after.said == after.verdict),
            Promise(HELD, _written_under_the_lease),
            Promise(ONE_HOLDER, lambda _, after: self._able(after) < 2),
            Promise(RISES, _fences_rise),
            Promise(ADMITTED_ONLY, lambda before, after: not _granted(before, after) or _admitted(after)),
            Promise(LEFT_BEHIND, lambda before, after: after.wrote < 0 or not before.lease.left),
        )

    def steps(self, state: State) -> Iterator[Step[State]]:
        for actor, sentence, raw in self._steps(state):
            yield Step(actor, sentence, raw, _counted_anew(raw))

    def _steps(self, state: State) -> Iterator[tuple[str, str, State]]:
        for region, worker in enumerate(state.workers):
            yield from self._own_steps(state, region, worker)
        if state.stray is not None:
            name = REGIONS[state.stray.region]
            request = _REQUEST[state.stray.phase]
            yield name, f"{name}'s late {request} is lost", state._replace(stray=None)
            answered, how = self._arrive(state._replace(stray=None), *state.stray)
            yield name, f"{name}'s late {request} reaches the ledger: {how}", answered
        if state.lease.valid and Guard.EXPIRY not in self.without:
            yield "", "the lease expires", state._replace(lease=state.lease._replace(valid=False))
        if self.failovers:
            yield from self._failovers(state)

    def _own_steps(self, state: State, region: int, worker: Worker) -> Iterator[tuple[str, str, State]]:
        name = REGIONS[region]
        if worker.frozen:
            yield name, f"{name} thaws", _with(state, region, worker._replace(frozen=False))
        elif worker.phase == IDLE:
            if worker.standing != CURRENT:
                yield name, f"{name} reads the epoch", _with(state, region, worker._replace(standing=CURRENT))
            if not state.effects:
                asked = worker._replace(phase=ASKED)
                yield name, f"{name} finds no effect and asks for the lease", _with(state, region, asked)
            return
        elif worker.phase == HOLDING:
            yield from self._work(state, region, worker)
        gone = Worker(standing=worker.standing)
        yield name, f"{name} crashes and is started again", self._leave(state, region, worker, gone)
        if self.freezes and not worker.frozen and not state.workers[1 - region].frozen:
            yield name, f"{name} freezes", _with(state, region, worker._replace(frozen=True))
        if worker.phase not in {IDLE, HOLDING}:
            yield from self._request(state, region, worker)

    def _work(self, state: State, region: int, worker: Worker) -> Iterator[tuple[str, str, State]]:
        name = REGIONS[region]
        if state.effects and Guard.LOOK not in self.without:
            yield name, f"{name} finds the effect", _with(state, region, Worker(standing=worker.standing))
            return
        if self.verdicts and not state.verdict:
            running = worker._replace(phase=RECORDING)
            yield name, f"{name} runs the test and sends its verdict", _with(state, region, running)
        told = "with its verdict" if state.verdict else "without a verdict"
        done = worker._replace(phase=COMMITTING, said=state.verdict)
        yield name, f"{name} sends the result, {told}", _with(state, region, done)

    def _request(self, state: State, region: int, worker: Worker) -> Iterator[tuple[str, str, State]]:
        """What may become of the request that a worker waits for."""
        name, request = REGIONS[region], _REQUEST[worker.phase]
        gone = Worker(standing=worker.standing, frozen=worker.frozen)
        yield name, f"{name}'s {request} is lost", _with(state, region, gone)
        if state.stray is None and not worker.frozen:
            yield name, f"{name} gives its {request} up while it is under way", self._leave(state, region, worker, gone)
        if worker.phase == ASKED and Guard.ATOMIC in self.without and self._admits(worker.standing):
            read = worker._replace(phase=ADMITTED)
            yield name, f"the ledger reads the epoch for {name}, and admits it", _with(state, region, read)
            return
        number = worker.standing if worker.phase in {ASKED, ADMITTED} else worker.fence
        after, how = self._arrive(state, region, worker.phase, number, worker.said)
        then = gone
        if how == _GRANTED:
            then = worker._replace(phase=HOLDING, fence=after.lease.fence)
        elif how == _RECORDED:
            then = worker._replace(phase=HOLDING)
        yield name, f"{name}'s {request} reaches the ledger: {how}", _with(after, region, then)
        if then is not gone:
            yield (
                name,
                f"{name}'s {request} reaches the ledger: {how}, but the answer is lost",
                _with(after, region, gone),
            )

    def _arrive(self, state: State, region: int, phase: int, number: int, said: bool) -> tuple[State, str]:
        """A transaction of the ledger: all or nothing, one after another."""
        lease = state.lease
        if phase in {ASKED, ADMITTED}:
            if phase == ASKED and not self._admits(number):
                how = "refused, the epoch was left"
            elif lease.valid and lease.owner != region and not self.one_name:
                how = "refused, the other holds it"
            else:
                how = _GRANTED
                state = state._replace(lease=Lease(region, lease.fence + 1, valid=True, standing=number))
        elif phase == COMMITTING and state.effects and Guard.KEY not in self.without:
            how = "there is an effect already"
        elif not self._accepts(state, region, number):
            how = "refused, the lease was lost"
        elif phase == RECORDING:
            how = _RECORDED
            # The first verdict of a test stands: the history's primary key.
            state = state if state.verdict else state._replace(verdict=True, wrote=number)
        else:
            how = "it is the effect"
            state = state._replace(effects=min(state.effects + 1, 2), said=said, wrote=number)
        return state, how

    def _accepts(self, state: State, region: int, fence: int) -> bool:
        lease = state.lease
        if Guard.FENCE in self.without:
            return True
        same = lease.fence == fence or Guard.NUMBER in self.without
        return lease.valid and same and (self.one_name or lease.owner == region)

    def _admits(self, standing: int) -> bool:
        return Guard.EPOCH in self.without or standing in {LEAVING, CURRENT}

    def _able(self, state: State) -> int:
        """How many could write now, were they to try."""
        believing = [
            worker.fence > 0 and self._accepts(state, region, worker.fence)
            for region, worker in enumerate(state.workers)
        ]
        return sum(believing)

    def _leave(self, state: State, region: int, worker: Worker, gone: Worker) -> State:
        """A worker that waits no more; what it sent goes on, where no other request does."""
        after = _with(state, region, gone)
        if worker.phase in {ASKED, RECORDING, COMMITTING} and state.stray is None:
            number = worker.standing if worker.phase == ASKED else worker.fence
            return after._replace(stray=Stray(region, worker.phase, number, worker.said))
        return after

    def _failovers(self, state: State) -> Iterator[tuple[str, str, State]]:
        for target in (0, 1) if state.moving else (1 - state.active,):
            yield "", f"forced failover to {REGIONS[target]}: the epoch is raised", self._forced(state, target)
        if state.moving:
            settled = _restood(state, (STALE, STALE, CURRENT, NEXT))._replace(moving=False)
            yield "", "the handover is settled", settled
            back = _restood(state, (STALE, CURRENT, NEXT, STALE))._replace(moving=False, active=1 - state.active)
            yield "", "the handover is withdrawn", back
        else:
            planned = _restood(state, (STALE, STALE, LEAVING, CURRENT))
            to = 1 - state.active
            yield (
                "",
                f"planned handover to {REGIONS[to]}: the epoch is raised",
                planned._replace(moving=True, active=to),
            )

    def _forced(self, state: State, target: int) -> State:
        # The next version of the other cluster is that of a handover that was withdrawn before.
        again = STALE if state.moving else CURRENT
        after = _restood(state, (STALE, STALE, STALE, again))._replace(active=target, moving=False)
        if state.lease.owner != 1 - target:
            return after
        keeps = state.lease.valid and Guard.REVOCATION in self.without
        return after._replace(lease=after.lease._replace(valid=keeps, left=True))


_REQUEST = {
    ASKED: "request for the lease",
    ADMITTED: "request for the lease",
    RECORDING: "verdict",
    COMMITTING: "result",
}
_GRANTED = "the lease is given, with a higher fence"
_RECORDED = "the verdict is recorded"


def _with(state: State, region: int, worker: Worker) -> State:
    north, south = state.workers
    return state._replace(workers=(worker, south) if region == 0 else (north, worker))


def _restood(state: State, names: tuple[int, int, int, int]) -> State:
    """Every version in the state named anew, after the ledger's epoch has changed."""
    north, south = (worker._replace(standing=names[worker.standing]) for worker in state.workers)
    stray = state.stray
    if stray is not None and stray.phase == ASKED:
        stray = stray._replace(number=names[stray.number])
    return state._replace(workers=(north, south), stray=stray)


def _counted_anew(state: State) -> State:
    """The same with fences counted from 1 in their order, and without what was only for the promises."""
    north, south = state.workers
    stray, lease = state.stray, state.lease
    late = stray.number if stray is not None and stray.phase != ASKED else 0
    fences = sorted({0, north.fence, south.fence, late, lease.fence})
    if fences[-1] != len(fences) - 1:
        if north.fence:
            north = north._replace(fence=fences.index(north.fence))
        if south.fence:
            south = south._replace(fence=fences.index(south.fence))
        if stray is not None and late:
            stray = stray._replace(number=fences.index(late))
        state = state._replace(workers=(north, south), stray=stray)
        lease = lease._replace(fence=fences.index(lease.fence))
    elif lease.standing == CURRENT and state.wrote < 0:
        return state
    return state._replace(lease=lease._replace(standing=CURRENT), wrote=-1)


def _written_under_the_lease(before: State, after: State) -> bool:
    return after.wrote < 0 or (before.lease.valid and after.wrote == before.lease.fence)


def _granted(before: State, after: State) -> bool:
    return after.lease.fence != before.lease.fence


def _fences_rise(before: State, after: State) -> bool:
    return after.lease.fence >= before.lease.fence and (
        after.lease.owner == before.lease.owner or _granted(before, after)
    )


def _admitted(state: State) -> bool:
    return state.lease.standing == CURRENT or (state.moving and state.lease.standing == LEAVING)
