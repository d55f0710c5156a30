"""A pull request that ends at the forge: the base at the tested head, one note, whatever is asked for again."""

import subprocess

import pytest

from maestro.forges.notes import NOTES
from tests.e2e.conftest import MakeProject
from tests.execution.repositories import Repository
from tests.localstack import LocalStack


@pytest.fixture
def feature(make_project: MakeProject) -> Repository:
    """A repository whose branch ``feature`` is one commit ahead of ``main``, and checked out."""
    made = make_project({"calc.py": "def double(x):\n    return x << 1\n"})
    made.git("checkout", "--quiet", "-b", "feature")
    made.git("branch", "--force", "main", "HEAD^")
    return made


def run(stack: LocalStack, project: Repository, *options: str) -> subprocess.CompletedProcess[str]:
    return stack.maestro("run", "--repo", str(project.folder), "--head", "feature", "--comment", *options)


def test_a_green_pull_request_is_merged_and_commented_once_however_often_it_is_asked_for(
    stack: LocalStack, feature: Repository
) -> None:
    before, head = feature.git("rev-parse", "main"), feature.git("rev-parse", "feature")
    done = run(stack, feature, "--base", "main", "--merge")
    assert done.returncode == 0, done.stdout + done.stderr
    assert feature.git("rev-parse", "main") == head
    text = feature.git("notes", "--ref=maestro", "show", head)
    assert text.count("<!-- maestro key=") == 1
    assert f"**Merge.** main is at {head[:12]}." in text

    refs = feature.git("for-each-ref")
    again = run(stack, feature, "--base", "main", "--merge")
    assert again.returncode == 2
    assert "there is nothing to conduct" in again.stderr
    # Named by the commit that it was, so that the same pull request is meant.
    shown = run(stack, feature, "--base", before)
    assert shown.returncode == 0, shown.stderr
    assert "this head was conducted before" in shown.stderr
    assert feature.git("for-each-ref") == refs
    assert feature.git("rev-list", "--count", NOTES) == "1"


@pytest.mark.parametrize("base", ["HEAD^", "nowhere"])
def test_a_merge_into_what_is_no_branch_is_refused_before_anything_starts(
    stack: LocalStack, feature: Repository, base: str
) -> None:
    done = run(stack, feature, "--base", base, "--merge")
    assert done.returncode == 2
    assert f"{base!r} is no branch of" in done.stderr
    assert "workflow:" not in done.stderr
