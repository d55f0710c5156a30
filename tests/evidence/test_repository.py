"""A bundle against a clone of its repository: commits, trees, and what landed on which branch."""

import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from docs.sample import make
from maestro.errors import BadInput
from maestro.evidence.contents import Landing
from maestro.evidence.verification import verify
from maestro.signing.keys import open_evidence_keyring
from tests.evidence.bundles import seal_bundle, sealed
from tests.evidence.samples import SEALED_AT, dossier

NOW = SEALED_AT + timedelta(days=1)


def git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", folder, *words], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The branch ``discounts`` has landed on ``main``, and is gone."""
    folder = tmp_path_factory.mktemp("clone") / "shop"
    make(folder)
    git(folder, "tag", "before", "main")
    git(folder, "branch", "--force", "main", "discounts")
    return folder


def problems(tmp_path: Path, clone: Path, **said: Any) -> list[str]:
    """What the clone says of a bundle of its head, in which some things are said otherwise."""
    head, base = git(clone, "rev-parse", "discounts"), git(clone, "rev-parse", "before")
    tree = said.pop("tree", git(clone, "rev-parse", "discounts^{tree}"))
    landing = said.pop("landing", Landing(base_ref="main", commit=head, tree=tree))
    made = dossier(tmp_path)
    card = made.contents.card
    commits = {"head_sha": head, "base_sha": base, "merge_base_sha": base} | said
    card = card.model_copy(update={"pull_request": card.pull_request.model_copy(update=commits)})
    facts = made.contents.facts.model_copy(update={"git": None})
    changed = {"card": card, "facts": facts, "tested_tree": tree, "landing": landing, "records": ()}
    made = replace(made, contents=made.contents.model_copy(update=changed))
    bundle = seal_bundle(made, tmp_path, keys=open_evidence_keyring(tmp_path / "keys"))
    found = verify(bundle.folder(tmp_path / "bundle"), trust=bundle.trust, now=NOW, repository=clone)
    assert not any("--repository" in sentence for sentence in found.not_checked)
    assert {problem.file for problem in found.problems} <= {str(clone)}
    return [problem.reason for problem in found.problems]


def test_what_the_repository_has_is_confirmed(tmp_path: Path, clone: Path) -> None:
    assert problems(tmp_path, clone) == []


def other(clone: Path, what: str) -> dict[str, Any]:
    """One thing that the bundle says and the repository does not."""
    head, tree = git(clone, "rev-parse", "discounts"), git(clone, "rev-parse", "discounts^{tree}")
    before = git(clone, "rev-parse", "before^{tree}")
    said: dict[str, Callable[[], dict[str, Any]]] = {
        "head": lambda: {"head_sha": "ab" * 20},
        "merge base": lambda: {"merge_base_sha": "ab" * 20},
        "tree": lambda: {"tree": "ab" * 20},
        "landed": lambda: {"landing": Landing(base_ref="main", commit="ab" * 20, tree=tree)},
        "landed tree": lambda: {"landing": Landing(base_ref="main", commit=head, tree=before)},
        "branch": lambda: {"landing": Landing(base_ref="release", commit=head, tree=tree)},
    }
    return said[what]()


@pytest.mark.parametrize(
    ("what", "told"),
    [
        pytest.param("head", "has not the head", id="another head"),
        pytest.param("merge base", "has not the merge base", id="another merge base"),
        pytest.param("tree", "the head's tree", id="another tree"),
        pytest.param("landed", "has not what landed", id="something else landed"),
        pytest.param("landed tree", "the tree that landed", id="another tree landed"),
        pytest.param("branch", "is not on 'release'", id="on another branch"),
    ],
)
def test_what_the_repository_does_not_have_is_told(tmp_path: Path, clone: Path, what: str, told: str) -> None:
    assert any(told in reason for reason in problems(tmp_path, clone, **other(clone, what)))


def test_a_folder_without_a_repository_is_refused(tmp_path: Path) -> None:
    bundle = sealed().folder(tmp_path / "bundle")
    with pytest.raises(BadInput, match="no git repository"):
        verify(bundle, trust=sealed().trust, now=NOW, repository=tmp_path / "nothing")
