"""A repository of which something is recorded, and the question that a pull request to it asks."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from maestro.impact.calibration.registry import Registry
from maestro.impact.changes import changed_files
from maestro.impact.gathering import Asked, Gathered, gather
from maestro.impact.graph.imports import ImportGraph
from maestro.impact.history.builds import History
from maestro.impact.knowledge.recording import Recording
from maestro.impact.knowledge.units import Library
from maestro.impact.risk.appetite import RiskAppetite
from maestro.impact.texts import texts_of
from maestro.ledger.recordings import MEDIA_TYPE
from maestro.model.tests import SelectionRule
from tests.execution.repositories import Files, Repository
from tests.impact.knowledge.recordings import recording_of

NOW = datetime(2026, 11, 23, tzinfo=UTC)
PARTS = tuple(f"part{number}" for number in range(12))

SHOP: Files = {
    "shop/__init__.py": "".join(f"from shop.{part} import {part}\n" for part in PARTS),
    **{f"shop/{part}.py": f"def {part}():\n    return {number}\n" for number, part in enumerate(PARTS)},
    **{
        f"tests/test_{part}.py": f"import shop\n\n\ndef test_it():\n    assert shop.{part}() == {number}\n"
        for number, part in enumerate(PARTS)
    },
}
"""Its package imports everything, so that by the import graph every test needs every file."""

TESTS = tuple(f"tests/test_{part}.py::test_it" for part in PARTS)


def recorded(repository: Repository, revision: str, *, at: datetime = NOW) -> Recording:
    """What a run of the shop's tests executes: each its own part."""
    files = {file: repository.git("show", f"{revision}:{file}") + "\n" for file in map(str, SHOP)}
    executed = {
        test: {f"tests/test_{part}.py": {5}, f"shop/{part}.py": {len(files[f"shop/{part}.py"].splitlines())}}
        for test, part in zip(TESTS, PARTS, strict=True)
    }
    found = recording_of(
        executed,
        blobs={file: hashlib.sha256(text.encode()).hexdigest() for file, text in files.items()},
        at_import={f"shop/{part}.py": {1} for part in PARTS} | {"shop/__init__.py": set(range(1, len(PARTS) + 1))},
        recorded_at=at,
    )
    return replace(found, revision=revision)


def keep(registry: Registry, recording: Recording) -> None:
    ref = registry.artifacts.put(recording.dump(), media_type=MEDIA_TYPE)
    registry.ledger.recordings.put(ref, repo="shop", revision=recording.revision)


def ask(
    registry: Registry,
    repository: Repository,
    *,
    base: str,
    head: str,
    worktree: Path,
    mode: SelectionRule = SelectionRule.PUBLIC,
    tests: tuple[str, ...] = TESTS,
    history: History | None = None,
    tau: float = 0.05,
) -> Gathered:
    """What is gathered for ``head`` against ``base``, whose files are checked out below ``worktree``."""
    mirror = repository.folder / ".git"
    changes = changed_files(mirror, base, head)
    repository.git("worktree", "add", "--quiet", "--detach", str(worktree), head)
    with texts_of(mirror, head) as new:
        asked = Asked(
            repo="shop",
            tenant="default",
            repository=mirror,
            base=base,
            changes=changes,
            tests=tests,
            new=new,
            graph=ImportGraph.of(worktree, gone=[change.gone for change in changes if change.gone]),
            history=history or History(),
            appetite=RiskAppetite(mode=mode, tau=tau, terms=()),
            durations={},
            at=NOW,
        )
        return gather(asked, registry=registry, library=Library(), recording_days=30)
