"""Effects at a remote that knows no lease: a merge by intent, call and outcome, asked for first when it is tried again.

Two regions may conduct the merge at the same time; a call may come late or never, and others push to the branch too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from tests.protocol.explorer import Promise, Step
from tests.protocol.shard import HELD, REGIONS

IDLE, INTENDED, READY, CALLING, REFUSED, KNOWS = range(6)
NOTHING, MERGED, NOT_MERGED = range(3)
MOST_LATE_CALLS = 2
MOST_PUSHES = 2
"""How often others push; a branch never comes back to an old tip."""


class Remote(StrEnum):
    """What a remote can do against being called twice."""

    COMPARES = "changes only what is as expected (a branch)"
    DEDUPLICATES = "knows the key (a check run)"
    FENCES = "refuses a lower fence than it has seen"
    APPENDS = "appends whatever comes"


class Guard(StrEnum):
    """What may be taken out, to see what it is there for."""

    ASK = "the remote is asked before a call is repeated or a refusal believed"
    PINNED = "the expected value is part of the request"
    FINAL = "only a refusal that is final is an outcome"
    OUTCOME = "the lease is checked when the outcome is recorded"
    FENCE = "the remote checks the fence"


class Worker(NamedTuple):
    """A region's process. ``expects`` is the tip that its call compares, ``knows`` what it found out."""

    phase: int = IDLE
    fence: int = 0
    expects: int = 0
    knows: int = NOTHING


class State(NamedTuple):
    """The ledger's lease and outcome, and the remote: its tip, how often it merged, the highest fence that it saw."""

    workers: tuple[Worker, Worker] = (Worker(), Worker())
    owner: int = -1
    fence: int = 0
    valid: bool = False
    intended: bool = False
    outcome: int = NOTHING
    tip: int = 0
    merges: int = 0
    pushes: int = 0
    seen: int = 0
    late: tuple[tuple[int, int, int], ...] = ()
    wrote: int = -1


ONCE = "the remote does it at most once"
TRUE = "the recorded outcome is what the remote did"


@dataclass(frozen=True)
class MergeModel:
    """The protocol with such a remote, without the guards in ``without``.

    Where nobody ``crashes``, nothing is lost either: everybody is only slow.
    """

    remote: Remote
    without: frozenset[Guard] = frozenset()
    crashes: bool = True

    @property
    def start(self) -> State:
        return State()

    @property
    def actors(self) -> tuple[str, ...]:
        return REGIONS

    def goal(self, state: State) -> bool:
        return state.outcome != NOTHING

    @property
    def promises(self) -> tuple[Promise[State], ...]:
        return (
            Promise(ONCE, lambda _, after: after.merges < 2),
            Promise(TRUE, lambda _, after: after.outcome == NOTHING or (after.outcome == MERGED) == (after.merges > 0)),
            Promise(HELD, lambda before, after: after.wrote < 0 or (before.valid and after.wrote == before.fence)),
        )

    def steps(self, state: State) -> Iterator[Step[State]]:
        for actor, sentence, raw in self._steps(state):
            yield Step(actor, sentence, raw, _counted_anew(raw))

    def _steps(self, state: State) -> Iterator[tuple[str, str, State]]:
        for region, worker in enumerate(state.workers):
            yield from self._own_steps(state, region, worker)
        for call in state.late:
            rest = list(state.late)
            rest.remove(call)
            name = REGIONS[call[0]]
            without = state._replace(late=tuple(rest))
            yield name, f"{name}'s late call is lost", without
            after, answer = self._called(without, fence=call[1], expects=call[2])
            yield name, f"{name}'s late call reaches the remote: {_ANSWER[answer]}", after
        if state.valid:
            yield "", "the lease expires", state._replace(valid=False)
        if state.pushes < MOST_PUSHES and self.remote == Remote.COMPARES:
            yield "", "somebody else pushes", state._replace(tip=state.tip + 1, pushes=state.pushes + 1)

    def _own_steps(self, state: State, region: int, worker: Worker) -> Iterator[tuple[str, str, State]]:
        name = REGIONS[region]
        match worker.phase:
            case 0:  # IDLE
                if state.outcome == NOTHING and (not state.valid or state.owner == region):
                    yield from self._intend(state, region)
                return
            case 1 | 4:  # INTENDED, REFUSED: both ask
                yield name, *self._ask(state, region, worker)
            case 2:  # READY
                yield name, f"{name} calls the remote", _with(state, region, worker._replace(phase=CALLING))
            case 3:  # CALLING
                yield from self._call(state, region, worker)
            case _:  # KNOWS
                yield from self._complete(state, region, worker)
        if not self.crashes:
            return
        gone = _with(state, region, Worker())
        if worker.phase == CALLING and len(state.late) < MOST_LATE_CALLS:
            call = (region, worker.fence, worker.expects)
            gone = gone._replace(late=tuple(sorted((*state.late, call))))
        yield name, f"{name} crashes and is started again", gone

    def _intend(self, state: State, region: int) -> Iterator[tuple[str, str, State]]:
        name = REGIONS[region]
        taken = state._replace(owner=region, fence=state.fence + 1, valid=True, intended=True)
        first = not state.intended or Guard.ASK in self.without
        then = self._ready(state, Worker(fence=taken.fence)) if first else Worker(INTENDED, taken.fence)
        told = f"{name} gets the lease and notes its intent" + ("" if state.intended else ", as the first")
        yield name, told, _with(taken, region, then)
        yield name, f"{told}, but the answer is lost", taken

    def _ready(self, state: State, worker: Worker) -> Worker:
        """What it will call for: the tip that belongs to the request, or the one that it sees now."""
        return worker._replace(phase=READY, expects=state.tip if Guard.PINNED in self.without else 0)

    def _ask(self, state: State, region: int, worker: Worker) -> tuple[str, State]:
        name = REGIONS[region]
        if self.remote == Remote.FENCES:
            state = state._replace(seen=max(state.seen, worker.fence))
        if state.merges:
            found = worker._replace(phase=KNOWS, knows=MERGED)
            return f"{name} asks the remote: it is done", _with(state, region, found)
        if worker.phase == REFUSED:
            told = worker._replace(phase=KNOWS, knows=NOT_MERGED)
            return f"{name} asks the remote: it was not done, the branch has moved", _with(state, region, told)
        return f"{name} asks the remote: it is not done", _with(state, region, self._ready(state, worker))

    def _call(self, state: State, region: int, worker: Worker) -> Iterator[tuple[str, str, State]]:
        name = REGIONS[region]
        gone = Worker()
        if self.remote == Remote.COMPARES and state.tip == worker.expects:
            told = f"{name}'s call reaches the remote: refused for now"
            believed = worker._replace(phase=KNOWS, knows=NOT_MERGED) if Guard.FINAL in self.without else gone
            yield name, told, _with(state, region, believed)
        after, answer = self._called(state, fence=worker.fence, expects=worker.expects)
        then = worker._replace(phase=KNOWS, knows=MERGED)
        if answer == NOT_MERGED and self.remote == Remote.FENCES:
            then = gone
        elif answer == NOT_MERGED:
            then = worker._replace(phase=REFUSED)
            if Guard.ASK in self.without:
                then = worker._replace(phase=KNOWS, knows=NOT_MERGED)
        yield name, f"{name}'s call reaches the remote: {_ANSWER[answer]}", _with(after, region, then)
        if not self.crashes:
            return
        yield name, f"{name}'s call is lost", _with(state, region, gone)
        lost = f"{name}'s call reaches the remote: {_ANSWER[answer]}, but the answer is lost"
        yield name, lost, _with(after, region, gone)

    def _called(self, state: State, *, fence: int, expects: int) -> tuple[State, int]:
        """What the remote does, and what it answers."""
        done = state._replace(merges=min(state.merges + 1, 2))
        match self.remote:
            case Remote.COMPARES:
                return (done._replace(tip=state.tip + 1), MERGED) if state.tip == expects else (state, NOT_MERGED)
            case Remote.DEDUPLICATES:
                return (state if state.merges else done), MERGED
            case Remote.FENCES if Guard.FENCE not in self.without:
                return (done._replace(seen=fence), MERGED) if fence >= state.seen else (state, NOT_MERGED)
            case _:
                return done, MERGED

    def _complete(self, state: State, region: int, worker: Worker) -> Iterator[tuple[str, str, State]]:
        name = REGIONS[region]
        after = _with(state, region, Worker())
        if state.outcome != NOTHING:
            yield name, f"{name} finds the outcome recorded", after
        elif Guard.OUTCOME in self.without or (state.valid and worker.fence == state.fence):
            told = "merged" if worker.knows == MERGED else "not merged"
            yield name, f"{name} records the outcome: {told}", after._replace(outcome=worker.knows, wrote=worker.fence)
        else:
            yield name, f"{name} may not record the outcome: its lease was lost", after


_ANSWER = {MERGED: "it is done", NOT_MERGED: "refused"}


def _with(state: State, region: int, worker: Worker) -> State:
    north, south = state.workers
    return state._replace(workers=(worker, south) if region == 0 else (north, worker))


def _counted_anew(state: State) -> State:
    """The same with fences counted from 1 in their order."""
    north, south = state.workers
    order = sorted({0, north.fence, south.fence, state.fence, state.seen, *(fence for _, fence, _ in state.late)})
    at = {fence: number for number, fence in enumerate(order)}
    return state._replace(
        workers=(north._replace(fence=at[north.fence]), south._replace(fence=at[south.fence])),
        fence=at[state.fence],
        seen=at[state.seen],
        late=tuple(sorted((region, at[fence], tip) for region, fence, tip in state.late)),
        wrote=-1,
    )
