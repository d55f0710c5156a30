"""A forge's check runs become builds: one for each head, with reruns as evidence."""

import json
from pathlib import Path

import pytest

from maestro.errors import BadInput
from maestro.impact.history.builds import History
from maestro.impact.history.checks import read_checks
from tests.impact.history.exports import verdicts


def run(name: str, conclusion: str | None = "success", *, head: str = "a" * 40, minute: int = 0) -> dict[str, object]:
    return {
        "id": minute,
        "name": name,
        "head_sha": head,
        "status": "completed" if conclusion else "in_progress",
        "conclusion": conclusion,
        "started_at": f"2026-11-23T09:{minute:02}:00Z",
        "completed_at": f"2026-11-23T09:{minute:02}:30Z" if conclusion else None,
    }


def page(*runs: object) -> dict[str, object]:
    return {"total_count": len(runs), "check_runs": list(runs)}


def read(folder: Path, text: str) -> History:
    path = folder / "checks.json"
    path.write_text(text)
    return read_checks(path)


RUNS = (run("unit"), run("lint", "failure"), run("unit", head="b" * 40, minute=5))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(json.dumps(page(*RUNS)), id="one answer"),
        pytest.param(json.dumps([page(*RUNS[:2]), page(RUNS[2])]), id="a list of pages"),
        pytest.param(json.dumps(page(*RUNS[:2])) + "\n" + json.dumps(page(RUNS[2])) + " ", id="pages after each other"),
        pytest.param(json.dumps(RUNS), id="a list of runs"),
        pytest.param("\n".join(map(json.dumps, RUNS)), id="a run in each line"),
    ],
)
def test_each_head_is_a_build_in_whatever_form_the_answer_was_kept(tmp_path: Path, text: str) -> None:
    history = read(tmp_path, text)
    first, second = history.builds
    assert (first.id, first.revision) == ("a" * 40, "a" * 40)
    assert verdicts(history, first) == {"unit": "pass", "lint": "fail"}
    assert verdicts(history, second) == {"unit": "pass"}
    assert first.seconds.tolist() == [30.0, 30.0]
    assert second.time - first.time == 300


@pytest.mark.parametrize(
    ("conclusion", "verdict"),
    [("timed_out", "error"), ("startup_failure", "error"), ("skipped", "skip"), ("neutral", "skip")],
)
def test_a_conclusion_is_a_verdict(tmp_path: Path, conclusion: str, verdict: str) -> None:
    history = read(tmp_path, json.dumps(page(run("unit", conclusion))))
    assert verdicts(history, history.builds[0]) == {"unit": verdict}


@pytest.mark.parametrize("conclusion", ["cancelled", "stale", "action_required", "something_new", None])
def test_a_run_that_came_to_no_verdict_is_left_out_and_named(tmp_path: Path, conclusion: str | None) -> None:
    history = read(tmp_path, json.dumps(page(run("unit"), run("slow", conclusion))))
    assert verdicts(history, history.builds[0]) == {"unit": "pass"}
    (remark,) = history.problems.left_out
    assert remark.examples == (f"slow: {conclusion or 'in_progress'}",)


def test_the_last_rerun_stands_and_the_check_is_flaky(tmp_path: Path) -> None:
    history = read(tmp_path, json.dumps(page(run("unit", minute=9), run("unit", "failure"))))
    (build,) = history.builds
    assert verdicts(history, build) == {"unit": "pass"}
    assert build.flaky.tolist() == [0]


@pytest.mark.parametrize(
    "broken", [{"name": "x"}, 7, None, run("x") | {"started_at": "soon"}, run("x") | {"head_sha": 1}]
)
def test_a_broken_run_is_named_and_left_out(tmp_path: Path, broken: object) -> None:
    history = read(tmp_path, json.dumps(page(*RUNS, broken)))
    assert history.outcomes == 3
    (remark,) = history.problems.left_out
    assert remark.examples[0].startswith("check run 4: ")


def test_a_check_that_did_not_run_at_a_head_is_not_taken_for_one_that_passed(tmp_path: Path) -> None:
    red = [run("unit", "failure"), run("lint", "failure", head="b" * 40, minute=5)]
    history = read(tmp_path, json.dumps(red)).dense()
    assert [verdicts(history, build) for build in history.builds] == [{"unit": "fail"}, {"lint": "fail"}]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"message": "Not Found"}', json.dumps(page()), "[" * 100_000])
def test_what_has_no_check_runs_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadInput):
        read(tmp_path, text)
