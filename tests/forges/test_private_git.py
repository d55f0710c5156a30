"""A private repository at a configured forge: git is let in by what the topology names, there and nowhere else."""

import base64
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from maestro.config.gateway import ForgeConfig
from maestro.errors import BadInput
from maestro.execution import mirror
from maestro.execution.git import ask
from maestro.execution.places import Places
from maestro.execution.resolve import resolve_pull_request
from maestro.execution.sandbox import Mount, View, choose
from maestro.execution.sandbox.launch import base_python
from maestro.execution.settings import IsolationWish
from maestro.forges.credential import USER
from maestro.forges.lending import VARIABLE, lend
from maestro.forges.pushing import swap, tip
from tests.execution.repositories import Repository
from tests.forges.git_server import GitServer, serving

TOKEN = "geheim-4711"


@dataclass
class Private:
    """A private repository with two commits, and the file of the token that opens it."""

    server: GitServer
    token_file: Path
    base: str
    head: str
    places: Places

    @property
    def repository(self) -> str:
        return f"{self.server.address}/acme/shop.git"

    def forge(self, *, name: str = "lab", clone_url: str = "") -> ForgeConfig:
        return ForgeConfig(
            kind="gitea",
            name=name,
            url=self.server.address,
            clone_url=clone_url or self.server.address,
            token_file=self.token_file,
            webhook_secret_file=self.token_file,
        )

    def fetch(self, repository: str = "") -> Path:
        return mirror.fetch(repository or self.repository, "acme/shop", (self.head,), places=self.places)

    def refused(self) -> BadInput:
        with pytest.raises(BadInput) as refused:
            self.fetch()
        assert TOKEN not in f"{refused.value} {refused.value!r}"
        return refused.value


@pytest.fixture
def git_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user of this machine without credentials of their own; what a test lends ends with it."""
    monkeypatch.setattr(os, "environ", dict(os.environ))
    os.environ |= {"GIT_CONFIG_GLOBAL": str(tmp_path / "gitconfig"), "GIT_CONFIG_NOSYSTEM": "1"}
    for name in ("GIT_CONFIG_COUNT", "GIT_ASKPASS", "SSH_ASKPASS", VARIABLE):
        os.environ.pop(name, None)


@pytest.fixture
def private(tmp_path: Path, git_environment: None) -> Iterator[Private]:
    work = Repository(tmp_path / "work")
    base, head = work.commit({"a.txt": "one\n"}), work.commit({"a.txt": "two\n"})
    bare = tmp_path / "served" / "acme" / "shop.git"
    work.git("clone", "--quiet", "--bare", ".", str(bare))
    work.git("--git-dir", str(bare), "update-ref", "refs/heads/main", base)
    work.git("--git-dir", str(bare), "update-ref", "refs/heads/feature", head)
    work.git("--git-dir", str(bare), "config", "http.receivepack", "true")
    token_file = tmp_path / "secrets" / "token"
    token_file.parent.mkdir()
    token_file.touch(mode=0o600)
    token_file.write_text(f"{TOKEN}\n")
    with serving(tmp_path / "served", token=TOKEN) as server:
        yield Private(server, token_file, base, head, Places.under(tmp_path / "home"))


def test_nobody_gets_in_without_a_forge_that_is_configured(private: Private) -> None:
    assert private.refused().field == "repository"
    assert not private.server.shown


def test_a_private_repository_is_fetched_and_pushed_to(private: Private) -> None:
    lend((private.forge(),), os.environ)
    found = resolve_pull_request(private.repository, base="main", head="feature", places=private.places)
    assert (found.base_sha, found.head_sha) == (private.base, private.head)
    folder = private.fetch()
    pushed = swap(folder, private.repository, "refs/heads/main", old=private.base, new=private.head)
    assert pushed.outcome == "moved"
    assert tip(folder, private.repository, "refs/heads/main") == private.head
    assert {password for _, password in private.server.shown} == {TOKEN}


def test_a_new_token_is_used_as_soon_as_it_is_in_the_file(private: Private) -> None:
    lend((private.forge(),), os.environ)
    private.fetch()
    private.server.token = "another-one"
    private.token_file.write_text("another-one")
    assert tip(private.places.mirrors, private.repository, "refs/heads/main") == private.base


def test_what_the_users_git_is_told_besides_stays_in_force(private: Private) -> None:
    os.environ |= {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{private.server.address}/.insteadOf",
        "GIT_CONFIG_VALUE_0": "forge:",
    }
    lend((private.forge(),), os.environ)
    assert ask(private.places.mirrors, "ls-remote", "--", "forge:acme/shop.git").ok


def test_a_helper_of_the_user_neither_answers_for_the_forge_nor_is_told_its_token(
    private: Private, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    helper = tmp_path / "helper"
    helper.write_text(f"#!/bin/sh\necho $1 >> {told}; cat >> {told}; echo username=me; echo password=mine\n")
    helper.chmod(0o700)
    Path(os.environ["GIT_CONFIG_GLOBAL"]).write_text(
        f'[credential]\n\thelper = {helper}\n[credential "{private.server.address}"]\n\thelper = {helper}\n'
    )
    lend((private.forge(),), os.environ)
    private.fetch()
    assert not told.exists()
    assert {password for _, password in private.server.shown} == {TOKEN}


def test_a_helper_of_the_user_still_answers_for_other_hosts(private: Private, tmp_path: Path) -> None:
    lend((private.forge(clone_url="http://127.0.0.1:1"),), os.environ)
    Path(os.environ["GIT_CONFIG_GLOBAL"]).write_text(
        f'[credential]\n\thelper = "!f() {{ echo username=me; echo password={TOKEN}; }}; f"\n'
    )
    assert private.fetch().is_dir()


@pytest.mark.parametrize(
    ("token", "forbids"),
    [pytest.param("wrong", False, id="a token that is not taken"), pytest.param(TOKEN, True, id="one that may not")],
)
def test_a_forge_that_refuses_the_token_is_answered_with_the_file_and_what_to_mend(
    private: Private, token: str, forbids: bool
) -> None:
    private.token_file.write_text(token)
    private.server.forbids = forbids
    lend((private.forge(),), os.environ)
    refused = private.refused()
    assert refused.field == str(private.token_file)
    assert "the forge lab does not let git at acme/shop" in refused.message
    assert "forges.lab.token_file" in refused.message
    assert "let it read acme/shop" in refused.fix
    assert not refused.retryable
    assert "wrong" not in str(refused)


def test_a_repository_that_is_not_there_is_answered_so_too(private: Private) -> None:
    lend((private.forge(),), os.environ)
    with pytest.raises(BadInput) as refused:
        private.fetch(f"{private.server.address}/acme/other.git")
    assert (refused.value.field, "acme/other" in refused.value.message) == (str(private.token_file), True)


def test_a_commit_that_is_not_there_is_not_blamed_on_the_token(private: Private) -> None:
    lend((private.forge(),), os.environ)
    with pytest.raises(BadInput) as refused:
        mirror.fetch(private.repository, "acme/shop", ("a" * 40,), places=private.places)
    assert refused.value.field in {"revision", "repository"}
    assert "maestro" not in refused.value.message


@pytest.mark.parametrize(
    ("mend", "said"),
    [
        pytest.param(lambda file: file.unlink(), "no such file", id="a file that is missing"),
        pytest.param(lambda file: file.write_text(""), "empty", id="an empty one"),
        pytest.param(lambda file: file.chmod(0o644), "read by others", id="one that others can read"),
        pytest.param(lambda file: file.write_text(f"{TOKEN}\nhost=x"), "no single line", id="one of two lines"),
    ],
)
def test_a_token_that_cannot_be_used_is_named_by_its_file_and_not_sent(
    private: Private, mend: object, said: str
) -> None:
    assert callable(mend)
    mend(private.token_file)
    lend((private.forge(),), os.environ)
    refused = private.refused()
    assert (refused.field, said in refused.message) == (str(private.token_file), True)
    assert not private.server.shown


def test_what_a_user_lets_git_trace_does_not_bring_the_token_into_an_error(private: Private) -> None:
    os.environ |= {"GIT_TRACE_CURL": "1", "GIT_TRACE_REDACT": "0"}
    lend((private.forge(),), os.environ)
    answer = ask(private.places.mirrors, "ls-remote", "--", f"{private.server.address}/acme/other.git")
    assert "Authorization: Basic <redacted>" in answer.error
    assert base64.b64encode(f"{USER}:{TOKEN}".encode()).decode() not in answer.error


def test_nobody_is_asked_for_a_password_where_there_is_no_token(private: Private, tmp_path: Path) -> None:
    program = tmp_path / "askpass"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path / 'asked'}\necho x\n")
    program.chmod(0o700)
    os.environ["GIT_ASKPASS"] = str(program)
    private.token_file.unlink()
    lend((private.forge(),), os.environ)
    private.refused()
    assert not (tmp_path / "asked").exists()


@pytest.mark.parametrize("is_forge_too", [False, True])
def test_a_redirect_to_another_host_takes_no_token_along(private: Private, tmp_path: Path, is_forge_too: bool) -> None:
    lend((private.forge(),), os.environ)
    with serving(tmp_path / "served", token="other") as elsewhere:
        if is_forge_too:
            # A forge of ours whose token is another one.
            file = tmp_path / "secrets" / "other"
            file.touch(mode=0o600)
            file.write_text("other")
            config = private.forge(name="other", clone_url=elsewhere.address).model_copy(update={"token_file": file})
            lend((private.forge(), config), os.environ)
        private.server.redirects["/acme/"] = elsewhere.address
        if is_forge_too:
            private.fetch()
        else:
            private.refused()
        assert elsewhere.asked
        assert not private.server.shown
        assert {password for _, password in elsewhere.shown} == ({"other"} if is_forge_too else set())


def test_a_redirect_after_the_token_was_shown_does_not_take_it_along(private: Private, tmp_path: Path) -> None:
    lend((private.forge(),), os.environ)
    with serving(tmp_path / "served", token=TOKEN) as elsewhere:
        private.server.redirects_after = elsewhere.address
        with pytest.raises(BadInput):
            private.fetch()
        assert private.server.shown
        assert not elsewhere.shown


def test_a_repository_outside_of_the_forges_address_gets_nothing(private: Private) -> None:
    lend((private.forge(clone_url=f"{private.server.address}/git"),), os.environ)
    assert private.refused().field == "repository"
    assert not private.server.shown


def test_no_secret_is_in_the_environment_or_on_a_command_line(private: Private) -> None:
    before = dict(os.environ)
    lend((private.forge(),), os.environ)
    added = {name: value for name, value in os.environ.items() if before.get(name) != value}
    assert TOKEN not in json.dumps(added)
    assert str(private.token_file) in added[VARIABLE]


@pytest.mark.parametrize("isolation", ["bubblewrap", "namespaces"])
def test_code_of_a_pull_request_reaches_neither_the_token_nor_the_helper(
    private: Private, tmp_path: Path, isolation: IsolationWish
) -> None:
    lend((private.forge(),), os.environ)
    given = {name: value for name, value in os.environ.items() if name.startswith(("GIT_CONFIG_", "MAESTRO_"))}
    folder = tmp_path / "inside"
    folder.mkdir()
    asked = f"protocol=http\nhost={private.server.address.removeprefix('http://')}\npath=acme/shop.git\n\n"
    code = f"""
import json, os, subprocess
def said(argv, env):
    done = subprocess.run(argv, input={asked!r}, env=env, capture_output=True, text=True)
    return done.stdout + done.stderr
def content(path):
    try:
        return open(path).read()
    except OSError as error:
        return type(error).__name__
known = dict(os.environ)
# What the worker's git has, as somebody may know it who knows Maestro.
told = known | {given!r} | {{"GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_GLOBAL": "/dev/null"}}
print(json.dumps([
    known,
    content({str(private.token_file)!r}),
    said(["git", "credential", "fill"], told),
    said([{sys.executable!r}, "-E", "-P", "-m", "maestro.forges.credential", "lab", "get"], told)
        if os.path.exists({sys.executable!r}) else "absent",
]))
"""
    view = View(mounts=(Mount(outside=folder, inside=folder, writable=True),), folder=folder)
    argv = choose(isolation).wrap((base_python(), "-I", "-c", code), view)
    done = subprocess.run(argv, env={}, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    known, content, filled, helped = json.loads(done.stdout)
    assert not [name for name in known if name.startswith(("GIT_", "MAESTRO_"))]
    assert content in {"FileNotFoundError", "PermissionError"}
    assert TOKEN not in done.stdout
    assert "password=" not in filled
    assert helped == "absent" or "password=" not in helped
    assert shlex.quote(sys.executable) in "".join(given.values()), "the attempt was made with the real helper"
