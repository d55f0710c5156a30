"""The protocol of leases, fences and epochs keeps its promises, and without a guard it breaks those that it is for."""

import subprocess
import sys

import pytest

from tests.docs.pages import ROOT
from tests.protocol import merge
from tests.protocol.cases import Case, cases
from tests.protocol.shard import AGREES, ONCE

CASES = {case.name: case for case in cases()}

LONGEST_TRACE = 14
"""Longer ones nobody reads."""


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES.values()])
def test_a_protocol_breaks_what_its_missing_guard_was_for_and_nothing_else(case: Case) -> None:
    assert {violation.promise for violation in case.explore().violations} == case.breaks


def test_every_trace_is_short_enough_to_read() -> None:
    traces = [violation.trace for case in CASES.values() for violation in case.explore().violations]
    assert traces
    assert max(map(len, traces)) <= LONGEST_TRACE


def test_two_effects_need_a_late_request_that_no_fence_stopped() -> None:
    fenced, unfenced = CASES["no-key"].explore(), CASES["no-key-no-fence"].explore()
    violation = unfenced.violation(ONCE)
    assert fenced.violation(ONCE) is None
    assert violation is not None
    assert [step for step in violation.trace if step.endswith("it is the effect")] == list(violation.trace[-2:])


def test_a_remote_that_appends_does_it_twice_although_both_holders_only_were_slow() -> None:
    violation = CASES["append-slow"].explore().violation(merge.ONCE)
    assert violation is not None
    assert "the lease expires" in violation.trace
    assert [step for step in violation.trace if step.endswith("call reaches the remote: it is done")] == [
        "north's call reaches the remote: it is done",
        "south's call reaches the remote: it is done",
    ]


def test_a_verdict_of_an_earlier_holder_comes_after_the_result_where_no_fence_is_checked() -> None:
    violation = CASES["no-fence"].explore().violation(AGREES)
    assert violation is not None
    assert violation.trace[-1].endswith("the verdict is recorded")


def test_the_command_shows_a_trace_as_sentences() -> None:
    command = [sys.executable, "-m", "tests.protocol", "--trace", "append"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "Broken: the remote does it at most once" in shown
    assert " 1. north gets the lease and notes its intent, as the first" in shown
