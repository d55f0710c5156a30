"""Which forge a pull request belongs to, and what is refused before anything starts."""

from pathlib import Path
from typing import Any

import pytest

from maestro.config.gateway import ForgeConfig
from maestro.errors import BadInput
from maestro.execution.places import Places
from maestro.forges import PlainGit
from maestro.forges.choosing import Forges, config_of, require_shown
from maestro.forges.gitea import Gitea
from maestro.forges.github import GitHub
from maestro.model.pull_request import PullRequest
from tests.forges.github.site import private_key


def secret(folder: Path, text: str, *, mode: int = 0o600) -> Path:
    path = folder / "secret"
    path.write_text(text)
    path.chmod(mode)
    return path


def forge(folder: Path, **changes: Any) -> ForgeConfig:
    known = {
        "kind": "github",
        "name": "hub",
        "url": "https://api.forge.example",
        "clone_url": "https://forge.example",
        "token_file": folder / "secret",
        "webhook_secret_file": folder / "webhook",
    }
    return ForgeConfig.model_validate(known | changes)


def pull_request(repository: str, repo: str = "acme/shop") -> PullRequest:
    sha = "a" * 40
    return PullRequest(repository=repository, repo=repo, pr="7", base_sha=sha, head_sha=sha, merge_base_sha=sha)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places.under(tmp_path / "home")


@pytest.mark.parametrize(
    ("repository", "repo", "is_there"),
    [
        pytest.param("https://forge.example/acme/shop.git", "acme/shop", True, id="its address for git"),
        pytest.param("https://forge.example/acme/shop", "acme/shop", True, id="without .git"),
        pytest.param("https://forge.example/acme/shop.git", "acme/other", False, id="under another name"),
        pytest.param("https://forge.example.evil.example/acme/shop", "acme/shop", False, id="a longer host"),
        pytest.param("https://elsewhere.example/acme/shop.git", "acme/shop", False, id="another host"),
        pytest.param("http://forge.example/acme/shop.git", "acme/shop", False, id="without encryption"),
        pytest.param("/srv/git/acme/shop.git", "acme/shop", False, id="a folder"),
    ],
)
async def test_a_pull_request_is_at_the_forge_whose_address_and_name_it_has(
    tmp_path: Path, places: Places, repository: str, repo: str, is_there: bool
) -> None:
    secret(tmp_path, "ghp_token")
    forges = Forges.from_config((forge(tmp_path),), places)
    asked = pull_request(repository, repo)
    assert isinstance(forges.of(asked), GitHub if is_there else PlainGit)
    assert (forges.shown_at(asked) is not None) is is_there
    assert (config_of((forge(tmp_path),), asked) is not None) is is_there
    await forges.close()


async def test_a_forge_is_opened_once_and_anew_after_it_was_closed(tmp_path: Path, places: Places) -> None:
    path = secret(tmp_path, private_key())
    forges = Forges.from_config((forge(tmp_path, token_file=None, app_id="7", private_key_file=path),), places)
    first = forges.named("hub")
    assert forges.named("hub") is first
    await forges.close()
    assert forges.named("hub") is not first
    await forges.close()


@pytest.mark.parametrize(
    ("text", "mode", "changes", "words"),
    [
        pytest.param("", 0o600, {}, "the token of the forge hub is empty", id="an empty file"),
        pytest.param("token", 0o644, {}, "can be read by others", id="a file that others can read"),
        pytest.param("no key", 0o600, {"token_file": None, "app_id": "7"}, "key", id="a key that is none"),
    ],
)
def test_secrets_that_cannot_be_used_are_refused_by_the_name_of_their_file(
    tmp_path: Path, places: Places, text: str, mode: int, changes: dict[str, Any], words: str
) -> None:
    path = secret(tmp_path, text, mode=mode)
    more = {"private_key_file": path} if "app_id" in changes else {}
    forges = Forges.from_config((forge(tmp_path, **changes, **more),), places)
    with pytest.raises(BadInput, match=words) as refused:
        forges.open()
    assert refused.value.fix
    assert str(path) in refused.value.field
    assert "no key" not in str(refused.value)


def test_a_file_that_is_missing_is_named(tmp_path: Path, places: Places) -> None:
    with pytest.raises(BadInput, match="no such file for the token of the forge hub") as refused:
        Forges.from_config((forge(tmp_path),), places).open()
    assert refused.value.field == str(tmp_path / "secret")


def test_a_forge_of_another_name_is_refused(tmp_path: Path, places: Places) -> None:
    with pytest.raises(BadInput, match="no forge 'lab'") as refused:
        Forges.from_config((forge(tmp_path),), places).named("lab")
    assert "hub" in refused.value.fix


async def test_each_kind_of_forge_is_opened_as_what_it_is(tmp_path: Path, places: Places) -> None:
    secret(tmp_path, "token")
    lab = {"kind": "gitea", "name": "lab", "url": "https://lab.example", "clone_url": "https://lab.example"}
    forges = Forges.from_config((forge(tmp_path), forge(tmp_path, **lab)), places)
    forges.open()
    assert isinstance(forges.named("hub"), GitHub)
    assert isinstance(forges.named("lab"), Gitea)
    assert forges.of(pull_request("https://lab.example/acme/shop.git")) is forges.named("lab")
    await forges.close()


def test_a_status_that_nothing_would_show_is_refused_before_anything_starts(tmp_path: Path) -> None:
    configs = (forge(tmp_path),)
    require_shown(configs, pull_request("https://forge.example/acme/shop.git"))
    with pytest.raises(BadInput, match="at no forge of the topology") as refused:
        require_shown(configs, pull_request("/srv/git/shop", "shop"))
    assert refused.value.field == "--status"
