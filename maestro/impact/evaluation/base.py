"""A commit as a suite knows it before any patch: its tests, which of them fail, and what each one executes.

Recorded once for each commit and environment; kept in a folder, so that the next evaluation does not run it again.
"""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from maestro.canonical import canonical_json
from maestro.errors import BadInput, IntegrityError
from maestro.execution.runners import Listing
from maestro.execution.tree import Tree
from maestro.impact.knowledge.recording import Recording
from maestro.model.base import Model
from maestro.model.tests import TestOutcome, Verdict

FORMAT = 1
"""Raise it when what is kept means something else, so that older keepings are made anew."""


class BaseRun(Model):
    """What a run of the whole suite said. ``red`` tests fail or break off without any patch; ``silent`` ones gave no
    verdict. ``seconds`` is the whole run while recording.
    """

    tests: tuple[str, ...]
    red: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    seconds: float


@dataclass(frozen=True, eq=False)
class Base:
    """``run`` and ``recording`` of one commit; ``reused`` says that they had been made before. ``kept`` is the folder
    in which more about the same commit and environment can be kept.
    """

    sha: str
    run: BaseRun
    recording: Recording
    kept: Path
    reused: bool


async def recorded_base(tree: Tree, *, cache: Path, workdir: Path) -> Base:
    """The base in ``tree``; recorded now unless ``cache`` has it. ``workdir`` is an empty or absent folder.

    ``BadInput`` with the problem's words when the suite cannot be listed, run, or recorded.
    """
    if tree.environment is None or tree.problem is not None:
        problem = tree.problem
        raise BadInput(
            problem.message if problem else "its tests are not pytest's, so nobody can record what they execute",
            field=f"base {tree.sha[:12]}",
            fix=problem.fix if problem else "evaluate commits that pytest tests",
        )
    kept = cache / _key(tree, tree.environment.key)
    found = _found(kept)
    if found is not None:
        return Base(tree.sha, *found, kept=kept, reused=True)
    run, recording = await _made(tree, workdir)
    _keep(kept, run, recording)
    return Base(tree.sha, run, recording, kept=kept, reused=False)


def keep_file(path: Path, content: bytes) -> None:
    """Write a file of a cache so that no reader ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    fresh.write_bytes(content)
    fresh.replace(path)


def with_broken(listing: Listing, *, known: Iterable[str]) -> tuple[str, ...]:
    """The listed tests, and the ``known`` ones of files that can no longer be imported: those end in errors.

    ``BadInput`` with the listing's problem where nothing could be listed.
    """
    if listing.problem is not None:
        raise BadInput(listing.problem.message, field="patch", fix=listing.problem.fix)
    broken = {error.test for error in listing.errors}
    lost = (test for test in known if test.partition("::")[0] in broken)
    return tuple(dict.fromkeys((*listing.tests, *lost)))


def _key(tree: Tree, environment: str) -> str:
    identity = [FORMAT, tree.sha, environment, tree.isolation.value, tree.project.model_dump(mode="json")]
    return hashlib.sha256(canonical_json(identity).encode()).hexdigest()[:32]


def _found(kept: Path) -> tuple[BaseRun, Recording] | None:
    try:
        run = BaseRun.model_validate_json((kept / "run.json").read_bytes())
        return run, Recording.load((kept / "recording").read_bytes())
    except (FileNotFoundError, ValidationError, BadInput, IntegrityError):
        # Not made yet, or by another version of Maestro: either way it is made now.
        return None


def _keep(kept: Path, run: BaseRun, recording: Recording) -> None:
    keep_file(kept / "recording", recording.dump())
    keep_file(kept / "run.json", run.model_dump_json().encode())


async def _made(tree: Tree, workdir: Path) -> tuple[BaseRun, Recording]:
    field = f"base {tree.sha[:12]}"
    listing = await tree.list_tests(workdir=workdir / "list")
    if listing.problem is not None:
        raise BadInput(listing.problem.message, field=field, fix=listing.problem.fix)
    tests = listing.tests
    verdicts: dict[str, Verdict] = {}

    async def note(fresh: Sequence[TestOutcome]) -> None:
        verdicts.update({outcome.test: outcome.verdict for outcome in fresh})

    output, recording = await tree.record(tests, on_outcomes=note, workdir=workdir / "record")
    if recording is None:
        problem = output.problem
        raise BadInput(
            problem.message if problem else "nothing was recorded while its tests ran",
            field=field,
            fix=problem.fix if problem else "see whether its tests run by hand",
        )
    red = tuple(test for test in tests if verdicts.get(test) in {Verdict.FAIL, Verdict.ERROR})
    return BaseRun(tests=tests, red=red, silent=output.missing, seconds=output.seconds), recording
