"""The search for what broke a test, played against worlds in which the answer is known."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.impact.tracing.search import PROBE_LIMIT, RERUNS, findings_of, next_probe
from maestro.model.tracing import Finding, FindingKind, Sight, Suspect, TraceSubject

World = Callable[[str, int, int], Sight]
"""What a run shows of a test at the index of a revision, at an attempt."""


def revisions(count: int) -> tuple[str, ...]:
    return tuple(f"{number:040x}" for number in range(count))


def subject(count: int, *tests: str, good: int = 0) -> TraceSubject:
    suspects = tuple(Suspect(test=test, good=good, why="it passed before") for test in tests)
    return TraceSubject(line=revisions(count), suspects=suspects)


def played(asked: TraceSubject, world: World) -> tuple[dict[str, Finding], list[tuple[int, int, tuple[str, ...]]]]:
    """The findings by test, and every probe that it took as index, attempt and tests."""
    seen: dict[tuple[str, int], dict[str, Sight]] = {}
    probes: list[tuple[int, int, tuple[str, ...]]] = []
    while probe := next_probe(asked, seen, spent=len(probes)):
        index = asked.line.index(probe.revision)
        probes.append((index, probe.attempt, probe.tests))
        sights = {test: world(test, index, probe.attempt) for test in probe.tests}
        seen.setdefault((probe.revision, probe.attempt), {}).update(sights)
    return {finding.test: finding for finding in findings_of(asked, seen)}, probes


def broken_at(first_bad: int, *, absent_before: int = 0) -> World:
    def world(_test: str, index: int, _attempt: int) -> Sight:
        if index < absent_before:
            return Sight.ABSENT
        return Sight.FAILED if index >= first_bad else Sight.PASSED

    return world


@given(st.integers(2, 256).flatmap(lambda count: st.tuples(st.just(count), st.integers(1, count - 1))))
def test_a_break_is_traced_to_its_revision_wherever_it_is(line: tuple[int, int]) -> None:
    count, first_bad = line
    found, probes = played(subject(count, "t"), broken_at(first_bad))
    assert (found["t"].kind, found["t"].first_bad) == (FindingKind.ESCAPE, revisions(count)[first_bad])
    assert found["t"].base is Sight.PASSED
    assert len(probes) <= RERUNS + 2 + (count - 1).bit_length()


@given(st.lists(st.integers(1, 31), min_size=1, max_size=40))
def test_breaks_of_many_tests_share_their_probes_and_none_is_blamed_on_another(breaks: list[int]) -> None:
    tests = {f"t{number}": first_bad for number, first_bad in enumerate(breaks)}
    found, probes = played(
        subject(32, *tests), lambda test, index, _: Sight.FAILED if index >= tests[test] else Sight.PASSED
    )
    assert len(probes) <= PROBE_LIMIT
    for test, first_bad in tests.items():
        if found[test].kind is not FindingKind.UNTRACED:
            assert found[test].first_bad == revisions(32)[first_bad]


@given(st.integers(2, 20), st.randoms(use_true_random=False))
def test_whatever_the_runs_show_an_escape_has_failed_and_passed_on_its_two_sides(count: int, random: object) -> None:
    shown: dict[tuple[int, int], Sight] = {}

    def world(_test: str, index: int, attempt: int) -> Sight:
        return shown.setdefault((index, attempt), random.choice(list(Sight)))  # type: ignore[attr-defined]

    asked = subject(count, "t")
    found, _ = played(asked, world)
    if found["t"].kind is FindingKind.ESCAPE:
        first_bad = asked.line.index(found["t"].first_bad)
        assert shown[first_bad - 1, 0] in {Sight.PASSED, Sight.ABSENT}
        assert first_bad == count - 1 or shown[first_bad, 0] is Sight.FAILED
        assert all(shown[count - 1, attempt] is Sight.FAILED for attempt in range(1, RERUNS + 1))


def test_a_test_that_passes_when_it_runs_again_is_flaky_and_nothing_else_is_run() -> None:
    found, probes = played(subject(9, "t"), lambda *_: Sight.PASSED)
    assert found["t"].kind is FindingKind.FLAKY
    assert found["t"].evidence == ("failed once at 000000000000 and passed when it ran again there",)
    assert probes == [(8, 1, ("t",))]


def test_a_test_that_passes_only_the_second_time_is_flaky_as_well() -> None:
    found, _ = played(subject(2, "t"), lambda _, index, attempt: Sight.PASSED if attempt == 2 else Sight.FAILED)
    assert found["t"].kind is FindingKind.FLAKY
    assert found["t"].evidence == ("failed 2 times at 000000000000 and passed when it ran again there",)


def test_a_test_that_failed_at_the_base_already_is_an_old_failure() -> None:
    found, _ = played(subject(2, "t"), lambda *_: Sight.FAILED)
    assert found["t"].kind is FindingKind.OLD_FAILURE
    assert found["t"].evidence[-1] == "fails at 000000000000 as well, where it passed before"
    assert found["t"].first_bad == ""


def test_a_pass_that_does_not_hold_at_the_break_blames_nobody() -> None:
    def world(_test: str, index: int, attempt: int) -> Sight:
        return Sight.PASSED if (index, attempt) == (0, 0) else Sight.FAILED

    found, _ = played(subject(2, "t"), world)
    assert found["t"].kind is FindingKind.FLAKY


def test_a_test_that_came_with_the_break_escaped_where_it_came() -> None:
    found, _ = played(subject(8, "t"), broken_at(5, absent_before=5))
    assert (found["t"].kind, found["t"].base) == (FindingKind.ESCAPE, Sight.ABSENT)
    assert found["t"].first_bad == revisions(8)[5]


def test_revisions_that_cannot_be_tested_are_gone_around() -> None:
    def world(_test: str, index: int, _attempt: int) -> Sight:
        return Sight.UNKNOWN if index in {3, 4} else broken_at(6)(_test, index, _attempt)

    found, _ = played(subject(9, "t"), world)
    assert found["t"].first_bad == revisions(9)[6]


def test_a_break_among_revisions_that_cannot_be_tested_names_them_all_and_blames_none() -> None:
    def world(_test: str, index: int, _attempt: int) -> Sight:
        return Sight.UNKNOWN if index in {2, 3} else broken_at(4)(_test, index, _attempt)

    found, _ = played(subject(6, "t"), world)
    assert found["t"].kind is FindingKind.UNTRACED
    assert found["t"].evidence[0].startswith("one of 000000000000, 000000000000, 000000000000 broke it")


def test_a_base_that_cannot_be_tested_is_said_and_not_taken_for_a_pass() -> None:
    world = broken_at(1)
    found, _ = played(subject(2, "t"), lambda *at: Sight.UNKNOWN if at[1] == 0 else world(*at))
    assert found["t"].kind is FindingKind.UNTRACED
    assert found["t"].evidence == ("at 000000000000, it gave no verdict",)


def test_a_failure_at_the_revision_of_the_last_pass_is_nobodys() -> None:
    found, probes = played(subject(3, "t", good=2), lambda *_: Sight.FAILED)
    assert found["t"].kind is FindingKind.UNTRACED
    assert "no revision lies between" in found["t"].evidence[0]
    assert len(probes) == RERUNS


def test_what_is_beyond_the_limits_is_named_as_not_traced() -> None:
    asked = subject(2, "t").model_copy(update={"skipped": ("u",)})
    found, _ = played(asked, broken_at(1))
    assert found["t"].kind is FindingKind.ESCAPE
    assert found["u"].kind is FindingKind.UNTRACED


def test_tests_whose_turn_does_not_come_are_named_as_not_traced() -> None:
    tests = {f"t{number}": number + 1 for number in range(30)}
    found, probes = played(
        subject(64, *tests), lambda test, index, _: Sight.FAILED if index >= tests[test] else Sight.PASSED
    )
    assert len(probes) == PROBE_LIMIT
    untraced = [finding for finding in found.values() if finding.kind is FindingKind.UNTRACED]
    assert untraced
    assert all(f"{PROBE_LIMIT} runs were spent" in finding.evidence[0] for finding in untraced)


@pytest.mark.parametrize("again", [Sight.ABSENT, Sight.UNKNOWN])
def test_a_rerun_without_a_verdict_proves_nothing(again: Sight) -> None:
    found, _ = played(subject(2, "t"), lambda *_: again)
    assert found["t"].kind is FindingKind.UNTRACED
