"""A private repository at a real Gitea, conducted and merged by the token of the topology alone."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from maestro.execution.places import Places
from tests.forge.conducting import CALC, FORGE, Conducting, conducting
from tests.forge.handle import Gitea
from tests.forge.repositories import commit, git

STATUS = "maestro"
BETTER = CALC + "\n\ndef triple(x):\n    return 3 * x\n"
WRONG = "def double(x):\n    return 3 * x\n"

THIEF = """
import os, subprocess
from pathlib import Path

TOKEN, HELPER, ASKED = {token!r}, {helper!r}, {asked!r}


def test_neither_the_token_nor_a_way_to_it_is_here():
    assert not Path(TOKEN).exists()
    assert not [name for name in os.environ if name.startswith(("GIT_CONFIG", "MAESTRO_GIT"))]


def test_the_helper_and_git_say_nothing():
    for command in (HELPER, ["git", "credential", "fill"]):
        try:
            done = subprocess.run(command, input=ASKED, capture_output=True, text=True, env=dict(os.environ))
        except OSError:
            continue
        assert "password" not in done.stdout
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stack") / "files"


@pytest.fixture(scope="module")
def there(gitea: Gitea, files: Path) -> Iterator[Conducting]:
    with pytest.MonkeyPatch.context() as patch:
        # Whoever runs these tests may have a way in of their own.
        patch.setenv("GIT_CONFIG_GLOBAL", str(files / "nobodys-gitconfig"))
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        with conducting(gitea, files) as running:
            yield running


def private(there: Conducting, folder: Path, name: str) -> str:
    """A repository that nobody sees without a token."""
    repo = there.repository(folder, name)
    there.gitea.call("PATCH", f"repos/{repo}", {"private": True})
    assert httpx.get(f"{there.gitea.clone_url(repo)}/info/refs?service=git-upload-pack").status_code == 401
    return repo


def said(there: Conducting, repo: str, head: str) -> dict[str, str]:
    found: dict[str, str] = there.gitea.status(repo, head).get(STATUS, {})
    return found


def test_a_private_repository_is_conducted_and_merged_and_its_code_cannot_take_the_token(
    there: Conducting, files: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "work"
    repo = private(there, folder, "private")
    there.gitea.require_status(repo, STATUS)
    git(folder, "switch", "--quiet", "--create", "feature", "main")
    host = there.gitea.url.removeprefix("http://")
    thief = THIEF.format(
        token=str(files / "token"),
        helper=[sys.executable, "-E", "-P", "-m", "maestro.forges.credential", FORGE, "get"],
        asked=f"protocol=http\nhost={host}\npath={repo}.git\n\n",
    )
    commit(folder, "tests/test_thief.py", thief)
    commit(folder, "calc.py", BETTER)
    there.gitea.push(repo, folder, "feature:feature", user="ada")
    head = git(folder, "rev-parse", "HEAD")
    number = there.gitea.create_pull(repo, head="feature")
    there.until(lambda: _decided(there.card(repo, number, head)), of="decided")
    card = there.card(repo, number, head)
    assert (card["decision"]["state"], card["report"]["failed"]) == ("green", []), card["why"]
    assert card["report"]["counts"] == {"pass": 3}
    there.until(lambda: there.gitea.pull(repo, number)["merged"], of="merged")
    assert there.gitea.tip(repo) == head
    _nothing_tells_the_token(there, files)


def test_a_region_fetches_by_itself_what_it_does_not_have(there: Conducting, files: Path, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    repo = private(there, folder, "fetched")
    head = there.branch(repo, folder, WRONG)
    number = there.gitea.create_pull(repo, head="feature")
    there.until(lambda: _decided(there.card(repo, number, head)), of="blocked")
    mirrors = Places.under(there.stack.home).mirrors
    before = _fetched_anew(there, repo, number, head, mirrors=mirrors)
    there.until(lambda: _again(there.card(repo, number, head), before), of="decided again")
    after = there.card(repo, number, head)
    assert [each["test"] for each in after["report"]["failed"]] == ["tests/test_calc.py::test_double"]
    assert list(mirrors.glob("*.git"))
    token = (files / "token").read_text()
    (files / "token").write_text("not-the-token")
    refusal = f"the forge {FORGE} does not let git at {repo} by the token of forges.{FORGE}.token_file"
    try:
        _fetched_anew(there, repo, number, head, mirrors=mirrors)
        there.until(lambda: refusal in there.card(repo, number, head)["why"], of="refused by the forge")
    finally:
        (files / "token").write_text(token)
    refused = there.card(repo, number, head)
    assert refused["decision"]["state"] == "blocked"
    assert str(files / "token") in refused["why"]
    assert "not-the-token" not in str(refused)


def test_a_token_that_git_is_not_let_in_with_is_said_at_the_forge(
    there: Conducting, files: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "work"
    repo = private(there, folder, "locked")
    token = (files / "token").read_text()
    # The API goes on with the token that it has, git reads the file anew.
    (files / "token").write_text("not-the-token")
    try:
        head = there.branch(repo, folder, BETTER)
        there.gitea.create_pull(repo, head="feature")
        there.until(lambda: said(there, repo, head).get("status") == "failure", of="refused")
    finally:
        (files / "token").write_text(token)
    assert f"the forge {FORGE} does not let git at {repo}" in said(there, repo, head)["description"]


def _decided(card: dict[str, Any]) -> bool:
    return bool(card) and card["decision"]["state"] in {"green", "needs_person", "blocked"}


def _fetched_anew(there: Conducting, repo: str, number: int, head: str, *, mirrors: Path) -> dict[str, Any]:
    """Retry with nothing in the mirrors; the card before that."""
    shutil.rmtree(mirrors)
    mirrors.mkdir()
    before = there.card(repo, number, head)
    answer = httpx.post(
        f"{there.address}/api/decision/retry",
        json={"pull_request": f"pr/{repo}/{number}/{head}", "card_version": before["version"]},
        headers={"Idempotency-Key": f"after-{before['version']}"},
        timeout=60,
    )
    assert answer.is_success, answer.text
    return before


def _again(card: dict[str, Any], before: dict[str, Any]) -> bool:
    return _decided(card) and card["report"]["round"] > before["report"]["round"]


def _nothing_tells_the_token(there: Conducting, files: Path) -> None:
    """Neither logs nor what is kept have it."""
    token = (files / "token").read_text().encode()
    seen = set()
    for folder, _, names in os.walk(there.stack.home):
        for name in names:
            # What is written and removed meanwhile is not kept.
            with suppress(OSError):
                assert token not in Path(folder, name).read_bytes(), name
                seen.add(name)
    assert {"gateway.log", "ledger.sqlite"} <= seen
