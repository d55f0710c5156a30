"""A repository whose commits have authors, and the facts of the pull request on its last two commits."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from maestro.impact.changes import changed_files
from maestro.impact.risk.facts import change_facts
from maestro.impact.risk.tau import ChangeFacts
from maestro.model.pull_request import PullRequest
from tests.impact.conftest import Git

Commit = Callable[..., str]
FactsOf = Callable[..., ChangeFacts]
ADA = "Ada <ada@shop.example>"
GRACE = "Grace <grace@shop.example>"


@pytest.fixture
def commit(tmp_path: Path, git: Git) -> Commit:
    """Write files (None: delete) and commit them as somebody; returns the commit."""

    def make(files: dict[str, str | None], *, author: str = ADA, subject: str = "work") -> str:
        for path, text in files.items():
            file = tmp_path / "repository" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                file.unlink()
            else:
                file.write_text(text, encoding="utf-8", errors="surrogateescape")
        git("add", "-A")
        git("commit", "--quiet", "--allow-empty", f"--author={author}", "-m", subject)
        return git("rev-parse", "HEAD")

    return make


@pytest.fixture
def pull_request(git: Git) -> Callable[..., PullRequest]:
    """The pull request of the last commit onto the one before it."""

    def make(**changes: Any) -> PullRequest:
        base, head = git("rev-parse", "HEAD~1"), git("rev-parse", "HEAD")
        known = {"repository": "/nowhere", "repo": "shop", "pr": "7", "author": ADA}
        return PullRequest(**(known | changes), base_sha=base, merge_base_sha=base, head_sha=head)

    return make


@pytest.fixture
def facts_of(tmp_path: Path, pull_request: Callable[..., PullRequest]) -> FactsOf:
    def read(*, author: str = ADA, **known: Any) -> ChangeFacts:
        asked = pull_request(author=author)
        mirror = tmp_path / "repository" / ".git"
        changes = changed_files(mirror, asked.merge_base_sha, asked.head_sha)
        return change_facts(mirror, asked, changes, **known)

    return read
