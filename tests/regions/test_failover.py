"""When the namespace moves, to where, and what a person reads where it does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.regions.burn import Condition, RegionState
from maestro.regions.failover import (
    FailoverDecision,
    FailoverKind,
    Outcome,
    PastFailover,
    Replication,
    Ruling,
    RunningFailover,
    Situation,
    decide,
    next_version,
    requested,
)
from maestro.regions.probes import Probe
from tests.regions.sides import LIMITS, LONG_AGO, NOW, follows, situation, state, yes

PLANNED, FORCED = FailoverKind.PLANNED, FailoverKind.FORCED
GONE = state("north", Probe.FRONTEND, since=NOW - 5)
DEGRADED = state("north", Probe.WORKERS)
WELL = state("west")


def moved(seconds_ago: float, *, kind: FailoverKind = FORCED, requested: bool = False) -> PastFailover:
    return PastFailover(kind=kind, to_cluster="west", ended_at=NOW - seconds_ago, requested=requested)


def away(home: RegionState, active: RegionState = WELL, **changes: object) -> Situation:
    """West is active, after a failover two hours ago."""
    return situation(home, active, **{"active": "west", "version": 2, "recent": (moved(7_200),), **changes})


def stays(decision: FailoverDecision, *words: str) -> None:
    assert decision.kind is None
    assert decision.to_cluster is None
    for each in words:
        assert any(each in reason for reason in decision.reasons), decision.reasons


def test_a_cluster_that_is_gone_is_left_by_force_for_one_that_is_healthy() -> None:
    decision = decide(situation(GONE, WELL, reachable=("west",), replication=()), LIMITS)
    assert (decision.kind, decision.to_cluster) == (FORCED, "west")
    assert decision.reasons == ("north burns its budget, and west does not", "north: north is not well")


def test_a_cluster_that_is_degraded_but_answers_is_left_by_a_handover() -> None:
    decision = decide(situation(DEGRADED, WELL), LIMITS)
    assert (decision.kind, decision.to_cluster) == (PLANNED, "west")


def test_a_healthy_cluster_at_home_is_not_left() -> None:
    stays(decide(situation(state("north"), WELL), LIMITS), "north is healthy and at home")


def test_a_cluster_lives_while_one_of_its_regions_does() -> None:
    both = situation(GONE, WELL, states={"north": (GONE, state("north-2")), "west": (WELL,)})
    stays(decide(both, LIMITS), "north is healthy")


def test_a_cluster_that_is_gone_stays_active_where_the_other_is_gone_too() -> None:
    decision = decide(situation(GONE, state("west", Probe.FRONTEND)), LIMITS)
    stays(decision, "stays active because no cluster may take over", "west is burning, so it is no better")


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(state("west", Probe.LEDGER), id="the ledger is slow for both"),
        pytest.param(state("west", Probe.WORKERS), id="its worker is being restarted"),
        pytest.param(state("west", recovering=True), id="it recovers"),
    ],
)
def test_a_cluster_that_is_gone_is_left_for_one_that_conducts_whatever_else_it_suffers_from(other: RegionState) -> None:
    decision = decide(situation(GONE, other), LIMITS)
    assert (decision.kind, decision.to_cluster) == (FORCED, "west")
    stays(decide(situation(GONE, other, reachable=("north",)), LIMITS), "west is")


def test_a_cluster_that_is_only_degraded_is_not_left_for_one_that_is_not_healthy() -> None:
    stays(decide(situation(DEGRADED, state("west", recovering=True)), LIMITS), "west is recovering, so it is no better")


def test_nothing_moves_to_a_cluster_of_which_nothing_is_known() -> None:
    stays(decide(situation(GONE, WELL, states={"north": (GONE,), "west": ()}), LIMITS), "nothing is known of west")


def test_a_cluster_of_which_nothing_is_known_is_not_left_by_force() -> None:
    stays(decide(situation(GONE, WELL, states={"north": (), "west": (WELL,)}, reachable=("west",)), LIMITS))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"running": RunningFailover(kind=FORCED, to_cluster="west", started_at=NOW - 3)}, id="running"),
        pytest.param({"handing_over": True}, id="not settled"),
    ],
)
def test_no_failover_begins_while_one_runs_whoever_asks(changes: dict[str, object]) -> None:
    busy = situation(GONE, WELL, **changes)
    stays(decide(busy, LIMITS))
    stays(requested(busy, "west", kind=FORCED, limits=LIMITS, even_if_worse=True))


@pytest.mark.parametrize(
    ("rulings", "words"),
    [
        pytest.param((), "policy was not asked", id="policy was not asked"),
        pytest.param(
            (Ruling(to_cluster="west", kind=FORCED, allowed=False, reasons=("west has no licence",)),),
            "west has no licence",
            id="policy refuses",
        ),
        pytest.param(
            (Ruling(to_cluster="west", kind=FORCED, allowed=True, reasons=("but not now",)),),
            "but not now",
            id="a yes with a denial is no clean yes",
        ),
        pytest.param(
            (*yes("west"), Ruling(to_cluster="west", kind=FORCED, allowed=False)),
            "policy refuses a forced failover to west",
            id="a yes and a no are a no",
        ),
    ],
)
def test_what_policy_does_not_allow_is_not_done_whoever_asks(rulings: tuple[Ruling, ...], words: str) -> None:
    denied = situation(GONE, WELL, rulings=rulings)
    stays(decide(denied, LIMITS), words)
    stays(requested(denied, "west", kind=FORCED, limits=LIMITS, even_if_worse=True), words)


def test_of_several_clusters_home_is_taken_first_and_a_denied_one_never() -> None:
    states = {name: (state(name),) for name in ("east", "north", "south")} | {"west": (state("west", Probe.CANARY),)}
    three = away(state("north"), states=states, rulings=yes("north", "south"))
    assert decide(three, LIMITS).to_cluster == "north"
    assert decide(three.model_copy(update={"rulings": yes("south")}), LIMITS).to_cluster == "south"


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        pytest.param(
            Replication(to_cluster="west", stuck=True, backlog_tasks=0, lag_seconds=0), "is stuck", id="stuck"
        ),
        pytest.param(
            Replication(to_cluster="west", stuck=False, backlog_tasks=501, lag_seconds=0),
            "501 tasks wait to be replicated to west (limit 500)",
            id="a backlog",
        ),
        pytest.param(
            Replication(to_cluster="west", stuck=False, backlog_tasks=0, lag_seconds=21),
            "west lags 21 s behind (limit 20 s)",
            id="a lag",
        ),
        pytest.param(Replication(to_cluster="west"), "nobody knows", id="figures that are not known"),
        pytest.param(follows("north"), "is not known", id="the figures of the other direction"),
    ],
)
def test_a_handover_is_not_tried_to_a_standby_that_does_not_follow(figures: Replication, words: str) -> None:
    stays(decide(situation(DEGRADED, WELL, replication=(figures,)), LIMITS), words)


def test_a_handover_needs_both_sides_to_answer() -> None:
    stays(decide(situation(DEGRADED, WELL, reachable=("west",)), LIMITS), "north does not answer")


def test_a_degradation_that_has_just_begun_is_waited_out() -> None:
    stays(decide(situation(state("north", Probe.LEDGER, since=NOW - 6), WELL), LIMITS), "is degraded for 6 s only")


def test_after_a_handover_that_failed_a_cluster_that_is_gone_is_still_left_by_force_at_once() -> None:
    failed = PastFailover(kind=PLANNED, to_cluster="west", ended_at=NOW - 1, outcome=Outcome.FAILED)
    stays(decide(situation(DEGRADED, WELL, recent=(failed,)), LIMITS), "the last handover failed")
    assert decide(situation(GONE, WELL, recent=(failed,)), LIMITS).kind is FORCED


@pytest.mark.parametrize(
    ("ago", "waits"),
    [
        pytest.param((59,), True, id="less than the interval after the last"),
        pytest.param((61,), False, id="more than the interval after the last"),
        pytest.param((100, 1_000), True, id="two within the hour: twice the interval"),
        pytest.param((121, 1_000), False, id="longer ago than twice the interval"),
        pytest.param((200, 1_000, 2_000), True, id="three within the hour: four times the interval"),
        pytest.param((100, 4_000), False, id="what is longer ago than an hour does not count"),
        pytest.param((-30,), True, id="a clock that was set back"),
    ],
)
def test_failovers_keep_a_distance_that_doubles(ago: tuple[float, ...], waits: bool) -> None:
    decision = decide(situation(GONE, WELL, recent=tuple(map(moved, ago))), LIMITS)
    assert (decision.kind is None) == waits
    if waits:
        stays(decision, "too short a time ago")


def test_the_namespace_returns_home_by_a_handover_after_a_quiet_time() -> None:
    decision = decide(away(state("north")), LIMITS)
    assert (decision.kind, decision.to_cluster) == (PLANNED, "north")


@pytest.mark.parametrize(
    ("back", "words"),
    [
        pytest.param(away(state("north", since=NOW - 599)), "north was quiet for 9 min 59 s of 10 min", id="not yet"),
        pytest.param(away(state("north"), recent=(moved(300),)), "north was quiet for 5 min", id="it was just left"),
        pytest.param(away(state("north", recovering=True)), "north is recovering", id="it recovers"),
        pytest.param(away(state("north"), replication=()), "the replication to north may be stuck", id="it lags"),
        pytest.param(away(state("north"), reachable=("west",)), "north does not answer", id="it does not answer"),
        pytest.param(away(state("north"), rulings=yes("west")), "policy was not asked", id="policy was not asked"),
        pytest.param(
            away(state("north"), recent=(moved(7_200, requested=True),)),
            "returns when a person asks for it",
            id="a person sent it away",
        ),
    ],
)
def test_it_does_not_return_while_anything_speaks_against_it(back: Situation, words: str) -> None:
    stays(decide(back, LIMITS), "west stays active instead of its home north", words)


def test_home_is_taken_by_force_without_a_quiet_time_where_the_active_cluster_is_gone() -> None:
    decision = decide(away(state("north", since=NOW - 40), state("west", Probe.FRONTEND)), LIMITS)
    assert (decision.kind, decision.to_cluster) == (FORCED, "north")


def test_in_manual_mode_it_is_said_what_would_be_done() -> None:
    stays(
        decide(situation(GONE, WELL, automatic=False), LIMITS),
        "a forced failover to west would be made, but the mode is manual",
    )


def test_a_person_moves_it_in_manual_mode_without_a_cause() -> None:
    decision = requested(situation(state("north"), WELL, automatic=False), "west", kind=PLANNED, limits=LIMITS)
    assert (decision.kind, decision.to_cluster) == (PLANNED, "west")


def test_a_person_overrules_health_lag_and_the_waiting_time_only_in_so_many_words() -> None:
    doubtful = situation(GONE, state("west", Probe.CANARY), recent=(moved(10),))
    stays(requested(doubtful, "west", kind=FORCED, limits=LIMITS), "west is burning", "too short a time ago")
    decision = requested(doubtful, "west", kind=FORCED, limits=LIMITS, even_if_worse=True)
    assert decision.kind is FORCED
    assert any("overruled by the person who asked: west is burning" in reason for reason in decision.reasons)


def test_a_person_cannot_hand_over_what_does_not_answer() -> None:
    cut = situation(GONE, WELL, reachable=("west",))
    stays(requested(cut, "west", kind=PLANNED, limits=LIMITS, even_if_worse=True), "north does not answer")


@pytest.mark.parametrize(
    ("to", "words"),
    [
        pytest.param("east", "there is no cluster east; there is north or west", id="a cluster that there is not"),
        pytest.param("north", "north is the active cluster already", id="the active one"),
    ],
)
def test_a_person_who_asks_for_a_move_that_is_none_is_told(to: str, words: str) -> None:
    stays(requested(situation(GONE, WELL), to, kind=FORCED, limits=LIMITS, even_if_worse=True), words)


regions = st.builds(
    state,
    st.just("r"),
    st.sampled_from(Probe),
    since=st.sampled_from([LONG_AGO, NOW - 3]),
) | st.builds(state, st.just("r"), recovering=st.booleans(), since=st.sampled_from([LONG_AGO, NOW - 3]))
clusters = st.sampled_from(["north", "west", "south"])
situations = st.builds(
    Situation,
    version=st.just(7),
    active=clusters,
    home=clusters,
    states=st.dictionaries(clusters, st.lists(regions, max_size=2).map(tuple)),
    reachable=st.lists(clusters, unique=True).map(tuple),
    replication=st.lists(clusters.map(follows), max_size=3).map(tuple),
    rulings=st.lists(
        st.builds(Ruling, to_cluster=clusters, kind=st.sampled_from(FailoverKind), allowed=st.booleans())
    ).map(tuple),
    running=st.none() | st.none() | st.just(RunningFailover(kind=FORCED, to_cluster="west", started_at=NOW)),
    handing_over=st.sampled_from([False, False, True]),
    recent=st.lists(
        st.builds(
            PastFailover,
            kind=st.sampled_from(FailoverKind),
            to_cluster=clusters,
            ended_at=st.floats(NOW - 10_000, NOW),
            outcome=st.sampled_from(Outcome),
        ),
        max_size=3,
    ).map(tuple),
    automatic=st.sampled_from([True, True, False]),
    now=st.just(NOW),
)


@given(situations)
def test_no_failover_goes_to_a_worse_side_past_policy_or_beside_another(now: Situation) -> None:
    decision = decide(now, LIMITS)
    assert decision == decide(now, LIMITS)
    assert decision.reasons
    if decision.kind is None:
        assert decision.to_cluster is None
        return
    to = decision.to_cluster
    assert to is not None
    assert to != now.active
    assert now.running is None
    assert not now.handing_over
    assert now.automatic
    assert any(one.condition is Condition.HEALTHY for one in now.states[to])
    verdicts = [one.allowed for one in now.rulings if (one.to_cluster, one.kind) == (to, decision.kind)]
    assert verdicts
    assert all(verdicts)
    if any(one.healthy for one in now.states.get(now.active, ())):
        assert (decision.kind, to) == (PLANNED, now.home)


@given(situations, clusters, st.sampled_from(FailoverKind))
def test_whatever_is_asked_for_policy_and_a_running_failover_have_the_last_word(
    now: Situation, to: str, kind: FailoverKind
) -> None:
    decision = requested(now, to, kind=kind, limits=LIMITS, even_if_worse=True)
    if decision.kind is not None:
        assert (decision.kind, decision.to_cluster) == (kind, to)
        assert now.running is None
        assert all(one.allowed for one in now.rulings if (one.to_cluster, one.kind) == (to, kind))


@given(current=st.integers(0, 10**6), initial=st.integers(1, 99), increment=st.integers(100, 1_000))
def test_the_next_version_is_the_smallest_of_the_cluster_above_the_current_one(
    current: int, initial: int, increment: int
) -> None:
    version = next_version(current, initial=initial, increment=increment)
    assert current < version <= current + increment
    assert version % increment == initial


def test_two_clusters_count_as_temporal_counts_them() -> None:
    versions = [1]
    for initial in (2, 1, 2, 1, 2):
        versions.append(next_version(versions[-1], initial=initial, increment=100))
    assert versions == [1, 2, 101, 102, 201, 202]
