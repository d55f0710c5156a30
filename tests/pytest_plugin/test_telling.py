"""What the plugin says of a decision and of what came of it."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from maestro.pytest_plugin.telling import Teller


def decision(selected: set[str], left_out: set[str]) -> dict[str, Any]:
    tests = {"expected_seconds": 1.0, "reason": "it executed it", "fail_probability": 0.5}
    return {
        "selected": [{"id": test, **tests} for test in sorted(selected)],
        "left_out": [{"id": test, **tests} for test in sorted(left_out)],
        "lines": ["the promise"],
    }


names = st.sets(st.sampled_from("abcdefgh"))


@given(names, names, names)
def test_an_escape_is_a_failure_that_nothing_which_runs_would_have_shown(
    selected: set[str], left_out: set[str], failed: set[str]
) -> None:
    left_out -= selected
    failed &= selected | left_out
    teller = Teller(shadow=True, decision=decision(selected, left_out), failed=failed)
    report = json.loads(teller.report())
    assert report["escape"] is bool(failed and not failed & selected)
    assert set(report["failed_left_out"]) == failed & left_out
    assert any("an escape" in line for line in teller.summary()) is report["escape"]


def test_the_header_counts_and_the_reasons_come_when_they_are_wanted() -> None:
    teller = Teller(shadow=False, decision=decision({"a"}, {"b", "c"}))
    assert teller.header(verbose=False) == [
        "maestro: 1 of 3 tests run, which saves 2 s of 3 s",
        "maestro: the promise",
    ]
    assert teller.header(verbose=True)[2:] == [
        "  runs  a: it executed it",
        "  left out  b: if the change breaks something, this fails with a chance of 0.5",
        "  left out  c: if the change breaks something, this fails with a chance of 0.5",
    ]


def test_a_problem_is_all_there_is_to_say() -> None:
    teller = Teller(shadow=False, decision={"problem": "git is not installed"})
    assert teller.header(verbose=True) == ["maestro: everything runs: git is not installed"]
    assert not teller.leaves_out
