"""Reads a forge's check runs as GitHub answers them: each run is a test, each head a build.

The file has one answer, a list of answers or of check runs, or several such texts after each other, as downloads page
by page make them.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from maestro.errors import BadInput
from maestro.impact.history.assembly import Assembly
from maestro.impact.history.builds import ERROR, FAIL, PASS, SKIP, History
from maestro.impact.history.lines import opened
from maestro.impact.history.moments import epoch_seconds

VERDICT_OF = {
    "success": PASS,
    "failure": FAIL,
    "timed_out": ERROR,
    "startup_failure": ERROR,
    "neutral": SKIP,
    "skipped": SKIP,
}
"""A run that was cancelled, went stale, waits for somebody or is not complete says nothing about the code."""


class CheckRun(BaseModel):
    """What matters of a check run."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    name: str
    head_sha: str
    status: str = "completed"
    conclusion: str | None = None
    started_at: str
    completed_at: str | None = None

    @property
    def start(self) -> float:
        return epoch_seconds(self.started_at)

    @property
    def seconds(self) -> float:
        """0 where the run has no end, or one before its start."""
        return max(0.0, epoch_seconds(self.completed_at) - self.start) if self.completed_at else 0.0


def read_checks(path: Path) -> History:
    """The history in the file. Where reruns of a check at one head differ, the check is flaky there.

    Raises BadInput where there is no such file, it has no check runs, or more than half of them cannot be used.
    """
    found = list(_check_runs(path))
    assembly = Assembly()
    runs = []
    for number, each in enumerate(found, start=1):
        try:
            run = CheckRun.model_validate(each)
            runs.append((run.start, run.seconds, run))
        except ValidationError as error:
            fault = error.errors()[0]
            where = f"check run {number}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}"
            assembly.left_out.add("check run lacks what is needed", where)
        except (ValueError, OverflowError) as error:
            assembly.left_out.add("check run has a time that is none", f"check run {number}: {error}")
    if 2 * assembly.left_out.count > len(found) or not found:
        why = "; ".join(map(str, assembly.left_out)) or "the file has none"
        raise BadInput(f"no check runs: {why}", field=f"{path}: check_runs", fix=_FIX)
    # In the order of time: of several runs of a check at one head, the last one stands.
    for start, seconds, run in sorted(runs, key=lambda each: each[:2]):
        verdict = VERDICT_OF.get(run.conclusion or "")
        if verdict is None:
            assembly.left_out.add("check run came to no verdict", f"{run.name}: {run.conclusion or run.status}")
            continue
        draft = assembly.draft(run.head_sha, start)
        draft.revision = run.head_sha
        draft.add(assembly.number(run.name), verdict, seconds)
    return assembly.history(rows=len(found))


_FIX = "download them from repos/OWNER/NAME/commits/SHA/check-runs?filter=all"


def _check_runs(path: Path) -> Iterator[object]:
    with opened(path) as file:
        text = file.read()
    decoder, place = json.JSONDecoder(), _after_space(text, 0)
    while place < len(text):
        try:
            answer, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError) as error:
            raise BadInput(f"no JSON: {error}", field=str(path), fix=_FIX) from error
        place = _after_space(text, place)
        for each in answer if isinstance(answer, list) else [answer]:
            runs = each.get("check_runs") if isinstance(each, dict) else None
            yield from runs if isinstance(runs, list) else [each]


def _after_space(text: str, place: int) -> int:
    return next((at for at in range(place, len(text)) if not text[at].isspace()), len(text))
