"""What git is answered that asks who it is at a forge: for repositories of this forge, and for nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from maestro.config.gateway import ForgeConfig
from maestro.errors import BadInput, PlatformUnavailable
from maestro.forges.credential import read, repo_asked_for, token_for
from maestro.forges.lending import VARIABLE, lend
from tests.forges.github.fake import said
from tests.forges.github.site import GitHubSite, client, site_of


@pytest.fixture
def site() -> GitHubSite:
    return site_of()


def forge(clone_url: str = "https://forge.example", **changes: object) -> ForgeConfig:
    known: dict[str, object] = {
        "kind": "github",
        "name": "hub",
        "url": "https://api.forge.example",
        "clone_url": clone_url,
        "token_file": "/secrets/token",
        "webhook_secret_file": "/secrets/webhook",
    }
    return ForgeConfig.model_validate(known | changes)


def app() -> ForgeConfig:
    return forge(token_file=None, app_id="4711", private_key_file="/secrets/key.pem")


@pytest.mark.parametrize(
    ("clone_url", "asked", "repo"),
    [
        pytest.param("https://forge.example", "https forge.example acme/shop.git", "acme/shop", id="a repository"),
        pytest.param("https://forge.example", "https forge.example acme/shop", "acme/shop", id="without .git"),
        pytest.param("https://forge.example", "https forge.example:443 acme/shop", "acme/shop", id="the usual port"),
        pytest.param("https://Forge.example", "https FORGE.EXAMPLE acme/shop", "acme/shop", id="in capitals"),
        pytest.param("https://forge.example/git", "https forge.example git/acme/shop", "acme/shop", id="below a path"),
        pytest.param("https://forge.example/%7Egit", "https forge.example ~git/a/b", "a/b", id="a path with escapes"),
        pytest.param("https://forge.example", "https evil.example acme/shop", None, id="another host"),
        pytest.param("https://forge.example", "https forge.example.evil acme/shop", None, id="a longer host"),
        pytest.param("https://forge.example", "https forge.example/x acme/shop", None, id="a host with a path in it"),
        pytest.param("https://forge.example", "https me@forge.example acme/shop", None, id="a host with a user in it"),
        pytest.param("https://forge.example", "https forge.example:8443 acme/shop", None, id="another port"),
        pytest.param("https://forge.example", "http forge.example acme/shop", None, id="without encryption"),
        pytest.param("https://forge.example/git", "https forge.example acme/shop", None, id="outside of the path"),
        pytest.param("https://forge.example/git", "https forge.example gitx/acme/shop", None, id="beside the path"),
        pytest.param("https://forge.example/git", "https forge.example git/../a/b", None, id="out of the path"),
        pytest.param("https://forge.example", "https forge.example acme/..", None, id="no name"),
        pytest.param("https://forge.example", "https forge.example acme/shop/info/lfs", None, id="more than a name"),
        pytest.param("https://forge.example", "https forge.example acme", None, id="an owner alone"),
        pytest.param("https://forge.example", "https forge.example ", None, id="a host alone"),
        pytest.param("https://forge.example", "cert forge.example acme/shop", None, id="a certificate's password"),
    ],
)
def test_it_is_answered_for_repositories_below_the_forges_address_alone(
    clone_url: str, asked: str, repo: str | None
) -> None:
    protocol, host, path = asked.split(" ")
    said = read(f"protocol={protocol}\nhost={host}\npath={path}\nwwwauth[]=Basic realm=x\n\n")
    assert repo_asked_for(forge(clone_url), said) == repo


def test_a_question_that_is_none_is_not_answered() -> None:
    assert repo_asked_for(forge(), read("")) is None
    assert repo_asked_for(forge(), read("\n=\nhost\nprotocol=https")) is None


async def test_an_app_lets_git_in_by_a_token_of_the_repository_alone(site: GitHubSite) -> None:
    token = await token_for(app(), "acme/shop", opening=lambda _: client(site.fake))
    assert token.reveal() in site.fake.tokens
    assert site.fake.asked == [
        ("GET", "/api/v3/repos/acme/shop/installation"),
        ("POST", "/api/v3/app/installations/81/access_tokens"),
    ]


async def test_an_app_that_is_not_installed_there_lets_nobody_in_and_says_so(site: GitHubSite) -> None:
    with pytest.raises(BadInput) as refused:
        await token_for(app(), "globex/shop", opening=lambda _: client(site.fake))
    assert (refused.value.message, refused.value.fix) == (
        "the App is not installed for globex/shop",
        "install it there, or correct the name",
    )


async def test_a_key_that_github_does_not_take_is_refused_with_what_to_check(site: GitHubSite) -> None:
    site.fake.fault("GET", "installation", said(401, "A JSON web token could not be decoded"), times=9)
    with pytest.raises(BadInput) as refused:
        await token_for(app(), "acme/shop", opening=lambda _: client(site.fake))
    assert "App's id and key" in refused.value.fix


async def test_a_github_that_does_not_answer_may_answer_later(site: GitHubSite) -> None:
    site.fake.fault("GET", "installation", httpx.ConnectError("no"), times=99)
    with pytest.raises(PlatformUnavailable):
        await token_for(app(), "acme/shop", opening=lambda _: client(site.fake))


async def test_no_token_goes_where_others_can_read_it() -> None:
    with pytest.raises(BadInput) as refused:
        await token_for(forge("http://forge.example"), "acme/shop")
    assert (refused.value.field, "https://" in refused.value.fix) == ("forges.hub.clone_url", True)


def helper(tmp_path: Path, operation: str, *, name: str = "hub", known: bool = True) -> tuple[str, str]:
    """What the program itself writes to git, and to standard error."""
    file = tmp_path / "token"
    file.touch(mode=0o600)
    file.write_text("geheim")
    environment = {"PATH": os.environ["PATH"]}
    if known:
        lend((forge(token_file=str(file)),), environment)
    done = subprocess.run(
        [sys.executable, "-E", "-P", "-m", "maestro.forges.credential", name, operation],
        input="protocol=https\nhost=forge.example\npath=acme/shop.git\nusername=me\npassword=geheim\n\n",
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout, done.stderr


def test_git_gets_a_user_and_the_token_and_nothing_else_hears_of_it(tmp_path: Path) -> None:
    answer, beside = helper(tmp_path, "get")
    assert answer == "username=x-access-token\npassword=geheim\n"
    assert "geheim" not in beside


@pytest.mark.parametrize("operation", ["store", "erase", "capability"])
def test_nothing_is_kept_and_nothing_is_removed(tmp_path: Path, operation: str) -> None:
    assert helper(tmp_path, operation) == ("", "")
    assert (tmp_path / "token").read_text() == "geheim"


@pytest.mark.parametrize(("name", "known"), [("other", True), ("hub", False)])
def test_a_forge_that_nobody_lent_is_refused(tmp_path: Path, name: str, known: bool) -> None:
    answer, beside = helper(tmp_path, "get", name=name, known=known)
    assert answer == "quit=1\n"
    assert VARIABLE in beside


def test_configuration_of_git_that_cannot_be_added_to_is_refused_by_its_name() -> None:
    with pytest.raises(BadInput) as refused:
        lend((forge(),), {"GIT_CONFIG_COUNT": "two"})
    assert refused.value.field == "GIT_CONFIG_COUNT"


def test_without_a_forge_nothing_is_said_to_git() -> None:
    environment: dict[str, str] = {}
    lend((), environment)
    assert not environment
