"""The explorer finds what is there, by the shortest way, and says where something is stuck."""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.protocol.explorer import STUCK, Promise, Step, explore
from tests.protocol.shard import Guard, ShardModel


@dataclass(frozen=True)
class Walk:
    """From 1, one or two steps forward at a time; ``helper`` has to be there for the single ones."""

    end: int
    forbidden: int = -1
    start: int = 1
    actors: tuple[str, ...] = ("helper",)

    @property
    def promises(self) -> tuple[Promise[int], ...]:
        return (Promise("never there", lambda _, after: after != self.forbidden),)

    def goal(self, state: int) -> bool:
        return state == self.end

    def steps(self, state: int) -> Iterator[Step[int]]:
        for actor, width in (("helper", 1), ("", 2)):
            if state + width <= self.end:
                yield Step(actor, f"{width} forward", state + width, state + width)


def test_every_state_and_every_step_is_counted() -> None:
    done = explore(Walk(end=5))
    assert (done.states, done.steps) == (5, 7)


def test_the_trace_is_the_shortest_one() -> None:
    violation = explore(Walk(end=9, forbidden=5)).violation("never there")
    assert violation is not None
    assert violation.trace == ("2 forward", "2 forward")


def test_a_state_from_which_the_goal_needs_somebody_who_is_gone_counts_as_stuck() -> None:
    violation = explore(Walk(end=5)).violation(STUCK)
    assert violation is not None
    assert violation.trace == ("1 forward", "helper never comes back")


def test_the_same_model_is_explored_in_the_same_way() -> None:
    model = ShardModel(frozenset({Guard.FENCE}), failovers=False)
    assert explore(model) == explore(model)
