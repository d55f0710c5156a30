"""Whole days of two clusters under random faults, by a clock of our own: what the probes find, what is decided, and
that the namespace is moved neither twice at once, nor to a side that is not well, nor more often than the limit.
"""

import random
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maestro.config.clusters import Failover
from maestro.config.slo import Cadence, Slo
from maestro.regions.burn import RegionState, next_state
from maestro.regions.failover import (
    FLAP_WINDOW_SECONDS,
    FailoverKind,
    Outcome,
    PastFailover,
    RunningFailover,
    Situation,
    decide,
)
from maestro.regions.probes import Probe, ProbeResult
from maestro.regions.windows import still_needed
from tests.regions.sides import follows, yes

SIDES = ("north", "west")
STEP = 30.0
"""Seconds between two looks of the day; the probes come as often, so that the windows are longer by as much."""

DAY = 86_400.0
EVERY = Cadence(frontend=STEP, workers=STEP, start_latency=STEP, canary=STEP, replication=STEP, ledger=STEP)
LIMITS = Failover(slo=Slo(cadence=EVERY), quiet_seconds=1_200.0, min_interval_seconds=120.0)


class Fault(NamedTuple):
    """What is wrong with a side from ``begin`` on: of its probes of one kind, this share is bad or does not come."""

    side: str
    probe: Probe
    begin: float
    seconds: float
    p_bad: float
    silent: bool


class Move(NamedTuple):
    at: float
    kind: FailoverKind
    to: str


class Day:
    """Two sides, each probed by both; failovers take a minute, and handovers fail now and then."""

    def __init__(self, faults: list[Fault], *, seed: int) -> None:
        self.dice = random.Random(seed)
        self.faults = faults
        self.active, self.version = "north", 1
        self.states: dict[str, RegionState] = {}
        self.results: tuple[ProbeResult, ...] = ()
        self.running: RunningFailover | None = None
        self.recent: list[PastFailover] = []
        self.moves: list[Move] = []

    def run(self, seconds: float) -> None:
        now = 0.0
        while now < seconds:
            now += STEP
            self._probe(now)
            self._end(now)
            self._decide(now)

    def _probe(self, now: float) -> None:
        fresh = []
        for side in SIDES:
            for probe in (Probe.FRONTEND, Probe.WORKERS):
                wrong = [
                    one
                    for one in self.faults
                    if (one.side, one.probe) == (side, probe) and one.begin <= now < one.begin + one.seconds
                ]
                for prober in SIDES:
                    if any(one.silent and self.dice.random() < one.p_bad for one in wrong):
                        continue
                    good = not any(self.dice.random() < one.p_bad for one in wrong)
                    fresh.append(ProbeResult(region=side, probe=probe, prober=prober, good=good, at=now))
        self.results = still_needed((*self.results, *fresh), slo=LIMITS.slo, now=now)
        self.states = {
            side: next_state(self.states.get(side), self.results, region=side, slo=LIMITS.slo, now=now)
            for side in SIDES
        }

    def _end(self, now: float) -> None:
        if self.running is None or now < self.running.started_at + 60:
            return
        planned = self.running.kind is FailoverKind.PLANNED
        outcome = Outcome.FAILED if planned and self.dice.random() < 0.3 else Outcome.DONE
        if outcome is Outcome.DONE:
            self.active = self.running.to_cluster
        ended = PastFailover(kind=self.running.kind, to_cluster=self.running.to_cluster, ended_at=now, outcome=outcome)
        self.recent, self.running = [*self.recent, ended], None

    def _decide(self, now: float) -> None:
        situation = Situation(
            version=self.version,
            active=self.active,
            home="north",
            states={side: (state,) for side, state in self.states.items()},
            reachable=SIDES,
            replication=tuple(map(follows, SIDES)),
            rulings=yes(*SIDES),
            running=self.running,
            recent=tuple(self.recent),
            now=now,
        )
        decision = decide(situation, LIMITS)
        if decision.kind is None or decision.to_cluster is None:
            return
        assert self.running is None
        assert decision.to_cluster != self.active
        target, forced = self.states[decision.to_cluster], decision.kind is FailoverKind.FORCED
        assert target.healthy or (forced and Probe.FRONTEND not in target.burning_probes())
        if self.states[self.active].healthy:
            assert (decision.kind, decision.to_cluster) == (FailoverKind.PLANNED, "north")
        self.moves.append(Move(now, decision.kind, decision.to_cluster))
        self.running = RunningFailover(kind=decision.kind, to_cluster=decision.to_cluster, started_at=now)


faults = st.builds(
    Fault,
    side=st.sampled_from(SIDES),
    probe=st.sampled_from([Probe.FRONTEND, Probe.WORKERS]),
    begin=st.floats(0, DAY),
    seconds=st.sampled_from([STEP, 60.0, 600.0, 3_600.0, DAY]),
    p_bad=st.sampled_from([0.05, 0.3, 0.7, 1.0]),
    silent=st.booleans(),
)


@settings(max_examples=10, deadline=None)
@given(st.lists(faults, max_size=12), st.integers(0, 10**6))
def test_over_a_day_of_random_faults_the_namespace_keeps_its_distance_between_moves(
    wrong: list[Fault], seed: int
) -> None:
    day = Day(wrong, seed=seed)
    day.run(DAY)
    _keeps_its_distance(day)


def test_two_sides_that_fail_in_turns_all_day_are_not_followed_to_and_fro() -> None:
    turns = [
        Fault(SIDES[number % 2], Probe.FRONTEND, begin=number * 900.0, seconds=450.0, p_bad=1.0, silent=False)
        for number in range(96)
    ]
    day = Day(turns, seed=1)
    day.run(DAY)
    _keeps_its_distance(day)
    assert 2 <= len(day.moves) <= 96


def test_a_day_without_faults_is_a_day_without_moves() -> None:
    day = Day([], seed=1)
    day.run(DAY)
    assert day.moves == []


@pytest.mark.parametrize("seed", range(3))
def test_after_a_fault_of_an_hour_the_namespace_is_at_home_again_by_the_evening(seed: int) -> None:
    day = Day([Fault("north", Probe.FRONTEND, 30_000.0, 3_600.0, 1.0, silent=False)], seed=seed)
    day.run(DAY)
    assert day.moves[0].kind is FailoverKind.FORCED
    assert day.moves[0].to == "west"
    assert {one.kind for one in day.moves[1:]} == {FailoverKind.PLANNED}
    assert day.active == "north"
    assert day.moves[-1].at > 33_600 + LIMITS.quiet_seconds


def _keeps_its_distance(day: Day) -> None:
    """Between the end of a move and the begin of the next lies the interval, doubled for each move of the hour before,
    up to the longest one that is wanted.
    """
    for move in day.moves:
        before = [one for one in day.recent if one.moved and one.ended_at <= move.at]
        if before:
            within_hour = [one for one in before if one.ended_at > move.at - FLAP_WINDOW_SECONDS]
            interval = LIMITS.min_interval_seconds * 2.0 ** max(0, len(within_hour) - 1)
            assert move.at - before[-1].ended_at >= min(interval, LIMITS.max_interval_seconds)
