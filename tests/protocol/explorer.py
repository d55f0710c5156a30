"""A small model checker: every state that a protocol can reach, breadth first, and the shortest way to what may not be.

A model is plain data and one function: a state can be hashed, and ``steps`` gives, always in the same order, what may
happen next. Nothing is sampled; what is not found does not exist within the model.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, NamedTuple, Protocol, TypeVar

S = TypeVar("S")


class Step(NamedTuple, Generic[S]):
    """What may happen next. ``actor`` has to be alive for it; nobody in particular where it is empty.

    ``raw`` is the state as it comes out, for the promises; ``state`` is the same with its numbers counted anew.
    """

    actor: str
    sentence: str
    raw: S
    state: S


class Promise(NamedTuple, Generic[S]):
    """What must hold at each step, as a sentence and as a function of the states before and after."""

    name: str
    kept: Callable[[S, S], bool]


class Model(Protocol[S]):
    """A protocol that can be explored. ``goal`` is what must stay in reach."""

    @property
    def start(self) -> S: ...

    @property
    def actors(self) -> tuple[str, ...]: ...

    @property
    def promises(self) -> tuple[Promise[S], ...]: ...

    def steps(self, state: S) -> Iterator[Step[S]]: ...

    def goal(self, state: S) -> bool: ...


@dataclass(frozen=True)
class Violation:
    """A broken promise and the shortest way to it, a sentence for each step."""

    promise: str
    trace: tuple[str, ...]


@dataclass(frozen=True)
class Exploration:
    """``states`` that were reached, ``steps`` between them, and the first violation of each promise, shortest first."""

    states: int
    steps: int
    violations: tuple[Violation, ...]

    def violation(self, promise: str) -> Violation | None:
        """The shortest way to break that promise, or None where it holds."""
        return next((each for each in self.violations if each.promise == promise), None)


STUCK = "the effect stays in reach, even if either region never comes back"
"""The promise that nothing gets stuck; it is asked of every model."""


class _Graph(Generic[S]):
    """What was reached, in the order in which it was; and how."""

    def __init__(self, start: S) -> None:
        self.states: list[S] = [start]
        self.index: dict[S, int] = {start: 0}
        self.parent: list[int] = [-1]
        self.edges: list[list[tuple[int, str]]] = []

    def reach(self, state: S, *, parent: int) -> int:
        found = self.index.setdefault(state, len(self.states))
        if found == len(self.states):
            self.states.append(state)
            self.parent.append(parent)
        return found


def explore(model: Model[S]) -> Exploration:
    """Visit every reachable state and judge every step, also beyond a broken promise.

    Then ask, from each state and for each actor, whether the goal can be reached while that actor does nothing.
    """
    graph = _Graph(model.start)
    unbroken = model.promises
    found: list[Violation] = []
    steps = at = 0
    while at < len(graph.states):
        before = graph.states[at]
        edges = []
        for step in model.steps(before):
            steps += 1
            for promise in unbroken:
                if not promise.kept(before, step.raw):
                    unbroken = tuple(each for each in unbroken if each is not promise)
                    found.append(Violation(promise.name, (*_trace(model, graph, at), step.sentence)))
            edges.append((graph.reach(step.state, parent=at), step.actor))
        graph.edges.append(edges)
        at += 1
    found.extend(_stuck(model, graph))
    return Exploration(len(graph.states), steps, tuple(found))


def _trace(model: Model[S], graph: _Graph[S], at: int) -> tuple[str, ...]:
    """The sentences of the shortest way to a state; none is kept while exploring."""
    way = [at]
    while graph.parent[way[-1]] >= 0:
        way.append(graph.parent[way[-1]])
    way.reverse()
    sentences = []
    for here, there in pairwise(way):
        wanted = graph.states[there]
        sentences.append(next(step.sentence for step in model.steps(graph.states[here]) if step.state == wanted))
    return tuple(sentences)


def _stuck(model: Model[S], graph: _Graph[S]) -> Iterator[Violation]:
    """The nearest state from which the goal is out of reach without one of the actors."""
    goals = [at for at, state in enumerate(graph.states) if model.goal(state)]
    for missing in model.actors:
        backward: list[list[int]] = [[] for _ in graph.states]
        for at, edges in enumerate(graph.edges):
            for to, actor in edges:
                if actor != missing:
                    backward[to].append(at)
        live = bytearray(len(graph.states))
        queue = deque(goals)
        for goal in goals:
            live[goal] = 1
        while queue:
            for at in backward[queue.popleft()]:
                if not live[at]:
                    live[at] = 1
                    queue.append(at)
        lost = live.find(0)
        if lost >= 0:
            yield Violation(STUCK, (*_trace(model, graph, lost), f"{missing} never comes back"))
            return
