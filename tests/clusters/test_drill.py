"""The quick drill: two real clusters under twenty faults of every kind, by the command that a user types."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = Path(sys.executable).with_name("maestro")
LIMIT_SECONDS = 1_200
"""Only so that a drill that hangs fails its test instead of the whole run."""

FAULTS, SEED = 20, 7


@pytest.fixture(scope="module")
def drilled(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    report = tmp_path_factory.mktemp("drill") / "drill.html"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TEMPORAL_")}
    done = subprocess.run(
        [
            *(str(COMMAND), "regions", "drill", "--json"),
            *("--faults", str(FAULTS), "--seed", str(SEED), "--report", str(report)),
        ],
        env=kept,
        cwd=report.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_SECONDS,
    )
    return done, report


def test_every_promise_holds_under_twenty_faults(drilled: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    done, _ = drilled
    assert done.returncode in {0, 1}, done.stderr
    findings = json.loads(done.stdout)["findings"]
    broken = {each["name"]: each["problems"] for each in findings["invariants"] if each["problems"]}
    assert broken == {}, done.stderr
    [maestro] = [way for way in findings["ways"] if way["way"] == "maestro"]
    assert (maestro["duplicates"], maestro["lost"]) == (0, 0)
    assert done.returncode == 0


def test_work_was_done_and_moved_while_it_was_hurt(drilled: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    reading = json.loads(drilled[0].stdout)["reading"]
    assert len(reading["faults"]) == FAULTS
    assert any(move["outcome"] == "done" for move in reading["moves"])
    assert reading["pull_requests"]
    assert reading["effects"]


def test_it_leaves_a_report(drilled: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    page = drilled[1].read_text(encoding="utf-8")
    assert "every promise held" in page
    assert "<svg" in page
