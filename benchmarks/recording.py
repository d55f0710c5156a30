"""What recording costs: the same suite plain, recorded, and recorded by pytest-testmon, in turns, in fresh processes.

Each ``--python`` needs pytest, pytest-testmon and what the projects' tests need; a project is a folder with its source
on the path of ``src`` or of the folder itself. The figure is processor time, which other work on the machine disturbs
less than the clock. Run: ``python benchmarks/recording.py --python PATH … --project FOLDER …``.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from maestro.execution.runners.pytest_runner import PLUGIN_FOLDER, RECORDING_VARIABLE
from maestro.impact.knowledge.recorded import read_recording
from maestro.model.tests import TestOutcome, Verdict

WAYS = ("plain", "recorded", "testmon")
_OPTIONS = ("-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:asyncio", "--no-header")


def main() -> None:
    """Measure what the command line names and print one row for each Python and project."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", action="append", type=Path, required=True, help="an interpreter with pytest")
    parser.add_argument("--project", action="append", type=Path, required=True, help="a checkout of a project")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each way, in turns")
    asked = parser.parse_args()
    print("| project | Python | plain s | recorded s | ratio | testmon s | ratio | pairs | bytes per pair |")
    print("|---|---|---|---|---|---|---|---|---|")
    for project in asked.project:
        for python in asked.python:
            # Not resolved: the link is what makes it the environment's interpreter.
            print(_row(project.resolve(), python.absolute(), rounds=asked.rounds), flush=True)


def _row(project: Path, python: Path, *, rounds: int) -> str:
    version = subprocess.run((python, "-V"), capture_output=True, text=True, check=True).stdout.split()[1]
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder, "recording.jsonl")
        for number in range(rounds + 1):
            for way in WAYS:
                recording.unlink(missing_ok=True)
                spent = _run(project, python, way, recording, Path(folder))
                # The first round of each fills the caches of compiled files.
                if number:
                    seconds[way].append(spent)
                if way == "recorded":
                    pairs, size = _size(recording, project)
    # The least of each: other work on the machine only ever adds.
    plain, recorded, testmon = (min(seconds[way]) for way in WAYS)
    peer = f"{testmon:.2f} | {testmon / plain:.2f}" if testmon < math.inf else "fails | fails"
    figures = f"{plain:.2f} | {recorded:.2f} | {recorded / plain:.2f} | {peer}"
    return f"| {project.name} | {version} | {figures} | {pairs} | {size / max(pairs, 1):.2f} |"


def _run(project: Path, python: Path, way: str, recording: Path, folder: Path) -> float:
    """Processor seconds of one run in a process of its own; infinite where the peer gives up."""
    source = project / "src" if (project / "src").is_dir() else project
    options: tuple[str, ...] = ("-p", "no:testmon")
    environment = {**os.environ, "PYTHONPATH": f"{PLUGIN_FOLDER}{os.pathsep}{source}"}
    if way == "recorded":
        options = (*options, "-p", "maestro_recording")
        environment[RECORDING_VARIABLE] = str(recording)
    elif way == "testmon":
        data = folder / "testmondata"
        data.unlink(missing_ok=True)
        options = ("--testmon-noselect",)
        environment["TESTMON_DATAFILE"] = str(data)
    process = subprocess.Popen(
        (python, "-m", "pytest", *_OPTIONS, *options, "tests"),
        cwd=project,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in {0, 1}:
        if way == "testmon":
            return math.inf
        sys.exit(f"{project.name} {way}: pytest ended with {process.returncode}; run it by hand and see why")
    return usage.ru_utime + usage.ru_stime


def _size(recording: Path, project: Path) -> tuple[int, int]:
    """Pairs of line and test, and the bytes that they take when stored."""
    lines = map(json.loads, recording.read_text(encoding="ascii").splitlines())
    tests = [line["test"] for line in lines if "test" in line]
    outcomes = {test: TestOutcome(test=test, verdict=Verdict.PASS) for test in tests}
    found = read_recording(
        (recording,), source=project, outcomes=outcomes, revision="0" * 40, recorded_at=datetime.now(UTC)
    )
    if found is None:
        sys.exit(f"{project.name}: nothing was recorded")
    return int(found.line_counts.sum()), len(found.dump())


if __name__ == "__main__":
    main()
