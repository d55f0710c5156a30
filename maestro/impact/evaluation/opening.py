"""Opens the commits that cases are made on, each with its environment and its recording, by Maestro's own machinery."""

import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from maestro.config.project import ProjectConfig
from maestro.errors import BadInput
from maestro.execution.git import ask
from maestro.execution.settings import ExecutionSettings
from maestro.execution.tree import open_tree
from maestro.impact.evaluation.base import recorded_base
from maestro.impact.evaluation.casefile import Case
from maestro.impact.evaluation.judging import Judge
from maestro.model.pull_request import PullRequest


@dataclass(frozen=True)
class Ground:
    """Where cases are evaluated: a git ``repository``, and Maestro's ``home`` on this machine.

    ``python`` is the interpreter of an environment that is there already; without it one is built. ``project``
    replaces what the commits' own ``maestro.yaml`` says.
    """

    repository: Path
    home: Path
    settings: ExecutionSettings
    project: ProjectConfig | None = None
    python: Path | None = None


def by_commit(repository: Path, cases: Iterable[Case]) -> tuple[dict[str, list[Case]], list[Case]]:
    """The cases by the full id of their base, and those whose base the repository does not have."""
    found: dict[str, list[Case]] = {}
    lost: list[Case] = []
    shas: dict[str, str] = {}
    for case in cases:
        if case.base not in shas:
            shas[case.base] = _commit(repository, case.base)
        if sha := shas[case.base]:
            found.setdefault(sha, []).append(case)
        else:
            lost.append(case)
    return found, lost


@asynccontextmanager
async def open_base(ground: Ground, sha: str) -> AsyncIterator[Judge]:
    """The judge of the cases on commit ``sha``, as long as the block lasts.

    ``BadInput`` when its suite cannot be installed, listed, run or recorded.
    """
    repository = ground.repository.resolve()
    repo = re.sub(r"[^A-Za-z0-9._-]+", "-", repository.name) or "repository"
    asked = PullRequest(
        repository=str(repository), repo=repo, pr="cases", base_sha=sha, head_sha=sha, merge_base_sha=sha
    )
    with TemporaryDirectory(prefix="maestro-cases-") as folder:
        async with open_tree(
            asked, sha, home=ground.home, settings=ground.settings, project=ground.project, python=ground.python
        ) as tree:
            workdir = Path(folder)
            base = await recorded_base(tree, cache=ground.home / "cases", workdir=workdir / "base")
            yield Judge(tree, base, workdir=workdir)


def _commit(repository: Path, revision: str) -> str:
    """The full id; empty where there is no such commit. A revision cannot pass for an option of git."""
    found = ask(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if not found.ok and not ask(repository, "rev-parse", "--git-dir").ok:
        raise BadInput(f"{repository} is no git repository", field="--repo", fix="name a clone with its history")
    return found.output.strip() if found.ok else ""
