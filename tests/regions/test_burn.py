"""How soon a region counts as burning, when as healthy again, and who is believed."""

import random
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.config.slo import BurnWindow, Slo
from maestro.regions.burn import Condition, RegionState, next_state
from maestro.regions.probes import Probe, ProbeResult
from maestro.regions.windows import agreed_rate, cadence_seconds, still_needed
from tests.regions.sides import result

SLO = Slo()


def followed(results: Iterable[ProbeResult], *, until: float, step: float = 1.0) -> list[RegionState]:
    """The states of region north, judged every ``step`` seconds from 0 on, each from what was known by then."""
    ordered = sorted(results, key=lambda one: one.at)
    states: list[RegionState] = []
    for tick in range(int(until / step) + 1):
        now = tick * step
        known = [one for one in ordered if one.at <= now]
        states.append(next_state(states[-1] if states else None, known, region="north", slo=SLO, now=now))
    return states


def each_second(until: int, good: Callable[[int], bool], **of: str) -> list[ProbeResult]:
    return [result(float(at), good=good(at), prober=of.get("prober", "north")) for at in range(until)]


def first(states: list[RegionState], condition: Condition, *, after: float = 0.0) -> RegionState:
    return next(one for one in states if one.condition is condition and one.at >= after)


def test_a_region_that_is_gone_burns_within_five_seconds_of_its_last_good_answer() -> None:
    states = followed(each_second(200, lambda at: at <= 100), until=120)
    assert first(states, Condition.BURNING).at <= 105
    assert first(states, Condition.BURNING).reasons == (
        "frontend: 16.7 times its error budget over 30 s and 100 times over 5 s (limit 14.4): connection refused",
    )


def test_a_region_whose_probes_run_into_their_timeout_burns_nearly_as_soon() -> None:
    slow = [result(100 + 1.5 * number, good=False) for number in range(1, 10)]
    states = followed([*each_second(101, lambda at: True), *slow], until=120, step=0.5)
    assert first(states, Condition.BURNING).at <= 106


@pytest.mark.parametrize("start", [0, 3, 100])
def test_one_bad_probe_changes_nothing_once_the_region_was_known(start: int) -> None:
    states = followed(each_second(200, lambda at: at != start + 1), until=199)
    assert {one.condition for one in states} == {Condition.HEALTHY}


@pytest.mark.parametrize("probe", [Probe.CANARY, Probe.WORKERS, Probe.START_LATENCY])
def test_one_bad_result_of_a_rare_probe_changes_nothing_either(probe: Probe) -> None:
    every = int(cadence_seconds(SLO, probe))
    rare = [result(float(at), good=at != 100, probe=probe) for at in range(0, 400, every)]
    states = followed([*each_second(400, lambda at: True), *rare], until=399)
    assert {one.condition for one in states} == {Condition.HEALTHY}


def test_a_canary_that_keeps_failing_burns_although_the_frontend_answers() -> None:
    canaries = [result(float(at), good=at <= 100, probe=Probe.CANARY) for at in range(0, 300, 10)]
    states = followed([*each_second(300, lambda at: True), *canaries], until=200)
    assert first(states, Condition.BURNING).at <= 150
    assert first(states, Condition.BURNING).burning_probes() == (Probe.CANARY,)


def test_a_slow_burn_is_found_by_the_long_windows() -> None:
    """A tenth of the time bad is too little for the first pair of windows, and ten times the budget for the second."""
    states = followed(each_second(600, lambda at: at < 100 or at % 10 != 0), until=599)
    burning = first(states, Condition.BURNING)
    assert burning.at > 150
    assert burning.burns[0].worst.long_seconds == 300


def test_a_region_of_which_nobody_hears_any_more_burns() -> None:
    states = followed(each_second(101, lambda at: True), until=120)
    burning = first(states, Condition.BURNING)
    assert 105 < burning.at <= 107
    assert "frontend: nobody has measured it for" in burning.reasons[0]


def test_silence_goes_on_counting_after_the_last_results_are_forgotten() -> None:
    before = followed(each_second(101, lambda at: True), until=110)[-1]
    after = next_state(before, [], region="north", slo=SLO, now=100_000.0)
    assert after.condition is Condition.BURNING


def test_a_region_that_nobody_has_measured_yet_is_neither_healthy_nor_left() -> None:
    unknown = next_state(None, [], region="north", slo=SLO, now=5.0)
    assert unknown.condition is Condition.RECOVERING
    assert unknown.reasons == ("frontend: nobody has measured it yet",)
    known = next_state(unknown, [result(6.0)], region="north", slo=SLO, now=6.0)
    assert known.healthy


def test_a_region_is_healthy_again_only_after_thirty_calm_seconds() -> None:
    states = followed(each_second(300, lambda at: not 100 < at <= 110), until=299)
    recovering = first(states, Condition.RECOVERING)
    healthy = first(states, Condition.HEALTHY, after=recovering.at)
    assert healthy.at - recovering.at >= SLO.recover_seconds - 1
    assert "it has not burned for" in recovering.reasons[0]
    assert healthy.since == healthy.at


def test_a_recovering_region_that_is_bad_just_now_stays_recovering() -> None:
    begun = RegionState(region="north", condition=Condition.RECOVERING, since=0.0, at=99.0, calm_seconds=30.0)
    again = next_state(begun, [result(98.0), result(100.0, good=False)], region="north", slo=SLO, now=100.0)
    assert again.condition is Condition.RECOVERING
    assert again.reasons == ("frontend: it is bad just now: connection refused",)


def test_time_in_which_nobody_looked_does_not_heal() -> None:
    burning = followed(each_second(111, lambda at: at <= 100), until=110)[-1]
    later = next_state(burning, each_second(2_000, lambda at: True)[1_900:], region="north", slo=SLO, now=1_999.0)
    assert later.condition is Condition.RECOVERING


def test_a_clock_that_is_set_back_does_not_heal_and_one_ahead_does_not_vouch() -> None:
    burning = followed(each_second(111, lambda at: at <= 100), until=110)[-1]
    back = next_state(burning, each_second(50, lambda at: True), region="north", slo=SLO, now=49.0)
    assert not back.healthy
    ahead = next_state(None, [result(1_000.0)], region="north", slo=SLO, now=10.0)
    assert not ahead.healthy


@pytest.mark.parametrize(
    ("views", "burns"),
    [
        pytest.param({"north": False}, True, id="alone, the region's own complaint is believed"),
        pytest.param({"west": False}, True, id="where the region is silent, the other side is believed"),
        pytest.param({"north": True, "west": False}, False, id="who cannot reach it may be cut off itself"),
        pytest.param({"north": False, "west": True}, True, id="a region knows its own troubles best"),
        pytest.param({"north": True, "west": False, "third": False}, True, id="two of three see it gone"),
        pytest.param({"north": False, "west": True, "third": True}, False, id="two of three see it well"),
        pytest.param({"west": True, "third": False}, True, id="silent, and given up by one of two others"),
    ],
)
def test_where_probers_disagree_most_of_them_decide_and_the_region_itself_if_they_are_even(
    views: dict[str, bool], burns: bool
) -> None:
    results = [result(float(at), good=good, prober=prober) for prober, good in views.items() for at in range(41)]
    state = next_state(None, results, region="north", slo=SLO, now=40.0)
    assert (state.condition is Condition.BURNING) == burns
    if len(set(views.values())) > 1:
        assert "see it burning" in state.warnings[0]


def test_a_prober_that_fell_silent_has_no_say() -> None:
    silent = [result(float(at), prober="north") for at in range(30)]
    seen = each_second(41, lambda at: at < 30, prober="west")
    assert next_state(None, [*silent, *seen], region="north", slo=SLO, now=40.0).condition is Condition.BURNING


def test_replication_alone_is_a_warning_because_either_side_may_be_to_blame() -> None:
    lag = [result(float(at), good=False, probe=Probe.REPLICATION, detail="stuck") for at in range(0, 901, 5)]
    state = next_state(None, [*each_second(901, lambda at: True), *lag], region="north", slo=SLO, now=900.0)
    assert state.healthy
    assert state.warnings[0].startswith("replication: ")
    assert state.warnings[0].endswith(": stuck")


def test_results_of_other_regions_say_nothing() -> None:
    others = [result(float(at), good=False, region="west") for at in range(41)]
    assert next_state(None, [*others, *each_second(41, lambda at: True)], region="north", slo=SLO, now=40.0).healthy


@given(rates=st.dictionaries(st.sampled_from(["a", "b", "c", "d", "e"]), st.floats(0, 100), min_size=1))
def test_what_probers_agree_on_lies_between_what_half_of_them_see(rates: dict[str, float]) -> None:
    agreed = agreed_rate(rates, own="a")
    half = len(rates) / 2
    assert sum(rate >= agreed for rate in rates.values()) >= half
    assert sum(rate <= agreed for rate in rates.values()) >= half


@given(seed=st.integers(0, 10**9), bad=st.sampled_from([0.0, 0.02, 0.2, 0.9]))
def test_forgetting_what_is_not_needed_changes_no_state_and_order_does_not_matter(seed: int, bad: float) -> None:
    dice = random.Random(seed)
    probes = (Probe.FRONTEND, Probe.CANARY, Probe.LEDGER)
    state: RegionState | None = None
    everything: tuple[ProbeResult, ...] = ()
    kept: tuple[ProbeResult, ...] = ()
    now = 0.0
    for _ in range(60):
        now += dice.choice((0.5, 1.0, 1.0, 7.0, 40.0))
        fresh = tuple(
            result(now - dice.random() / 2, good=dice.random() >= bad, probe=probe, prober=prober)
            for probe in probes
            for prober in ("north", "west")
            if dice.random() < 0.8
        )
        everything = (*everything, *fresh)
        kept = still_needed((*kept, *fresh), slo=SLO, now=now)
        shuffled = dice.sample(everything, len(everything))
        judged = next_state(state, kept, region="north", slo=SLO, now=now)
        assert next_state(state, shuffled, region="north", slo=SLO, now=now) == judged
        state = judged


def test_little_is_kept_of_a_region_that_is_well() -> None:
    long = [result(float(at), prober=prober) for at in range(3_000) for prober in ("north", "west")]
    assert len(still_needed(long, slo=SLO, now=3_000.0)) == 2


def test_windows_that_could_never_alarm_are_refused() -> None:
    with pytest.raises(ValueError, match="a region that is gone would not exceed"):
        Slo(objective=0.9)
    with pytest.raises(ValueError, match="is not below long_seconds"):
        BurnWindow(long_seconds=5, short_seconds=5, rate=2)
