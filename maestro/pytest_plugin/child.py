"""Asks a process of its own to decide and to keep, so that neither our libraries nor our reading of files get into the
process that runs the project's tests, its warnings, its import system and its recording.
"""

import fcntl
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

TIMEOUT_SECONDS = 600.0
"""Longer than the largest repository takes; afterwards everything runs."""


def decided(folder: Path, request: Mapping[str, object]) -> dict[str, Any]:
    """The decision on these tests. The first process of a run that asks makes it, the others read the same one.

    ``{"problem": …}`` where there is none, whatever the cause.
    """
    text = json.dumps(request, sort_keys=True)
    place = folder / f"decision-{hashlib.sha256(text.encode()).hexdigest()[:32]}"
    answer = place.with_suffix(".json")
    with _locked(folder / "lock"):
        if not answer.exists():
            question = place.with_suffix(".request")
            question.write_text(text, encoding="utf-8")
            problem = call("decide", question, answer)
            if problem:
                answer.write_text(json.dumps({"problem": problem}), encoding="utf-8")
        return read(answer)


def read(answer: Path | None) -> dict[str, Any]:
    """The decision in a file."""
    if answer is None:
        return {"problem": "no process of this run has decided"}
    found: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
    return found


def last_answer(folder: Path) -> Path | None:
    """Where the decision of a run is, if one was made."""
    answers = sorted(folder.glob("decision-*.json"), key=lambda path: path.stat().st_mtime_ns)
    return answers[-1] if answers else None


def call(step: str, *paths: Path) -> str:
    """Run one step of ``python -m maestro.pytest_plugin``; answers with what went wrong, empty where nothing did."""
    # Safe path: in the project's folder, a module of the project could pass for one of ours.
    command = [sys.executable, "-P", "-W", "ignore", "-m", "maestro.pytest_plugin", step, *map(os.fspath, paths)]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=TIMEOUT_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"the process that decides could not work: {error}"
    if done.returncode == 0:
        return ""
    lines = done.stderr.strip().splitlines()
    return lines[-1] if lines else f"the process that decides ended with exit code {done.returncode}"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """The kernel drops it with the process, so that a worker that is killed keeps nobody waiting."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
