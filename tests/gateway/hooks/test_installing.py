"""Putting the hooks into a bare repository and taking them away, with the real command and the real git."""

import stat
from pathlib import Path

import pytest

from tests.gateway.hooks.served import Served

HOOKS = ("pre-receive", "proc-receive", "post-receive")


def state(served: Served) -> dict[str, str]:
    """Every file that an installation may touch."""
    files = [path for path in (served.folder / "hooks").iterdir() if path.suffix != ".sample"]
    return {path.name: path.read_text(encoding="utf-8") for path in [*files, served.folder / "config"]}


def foreign(served: Served, name: str, text: str = "#!/bin/sh\nexit 0\n") -> Path:
    path = served.folder / "hooks" / name
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


def test_installing_twice_is_installing_once(served: Served) -> None:
    first = served.install("--tenant", "acme", "--publish", "merge", "--publish", "comment", "--wait", "30")
    assert first.returncode == 0, first.stderr
    for name in HOOKS:
        assert (served.folder / "hooks" / name).stat().st_mode & stat.S_IXUSR
    after = state(served)
    again = served.install()
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("as it should be") == len(HOOKS)
    assert state(served) == after
    assert served.git("config", "maestro.tenant") == "acme"
    assert served.git("config", "maestro.publish") == "comment merge"


def test_removing_leaves_the_repository_as_it_was(served: Served) -> None:
    served.git("config", "receive.advertisePushOptions", "false")
    served.git("config", "--add", "receive.procReceiveRefs", "refs/other")
    own = foreign(served, "post-receive")
    before = {key: sorted(served.git("config", "--get-regexp", key).splitlines()) for key in ("receive", "core")}
    text = own.read_text(encoding="utf-8")
    assert served.install("--chain").returncode == 0
    removed = served.hooks("remove")
    assert removed.returncode == 0, removed.stderr
    assert {key: sorted(served.git("config", "--get-regexp", key).splitlines()) for key in before} == before
    assert "maestro" not in (served.folder / "config").read_text(encoding="utf-8")
    assert own.read_text(encoding="utf-8") == text
    assert not (served.folder / "hooks" / "pre-receive").exists()
    assert not (served.folder / "hooks" / "proc-receive").exists()
    assert served.hooks("remove").returncode == 0


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_that_is_there_is_named_and_not_overwritten(served: Served, name: str) -> None:
    foreign(served, name)
    before = state(served)
    refused = served.install()
    assert refused.returncode == 2
    assert str(served.folder / "hooks" / name) in refused.stderr
    assert "fix:" in refused.stderr
    assert state(served) == before


def test_a_proc_receive_hook_cannot_be_chained(served: Served) -> None:
    foreign(served, "proc-receive")
    before = state(served)
    assert served.install("--chain").returncode == 2
    assert state(served) == before


def test_a_git_that_knows_no_proc_receive_is_refused_before_anything_changes(served: Served, tmp_path: Path) -> None:
    old = tmp_path / "old" / "git"
    old.parent.mkdir()
    old.write_text('#!/bin/sh\ncase "$*" in *version) echo git version 2.28.1;; *) exec /usr/bin/git "$@";; esac\n')
    old.chmod(0o755)
    before = state(served)
    path = f"{old.parent}:{served.environment()['PATH']}"
    for command in ("install", "check"):
        refused = served.hooks(command, PATH=path)
        assert refused.returncode == 2
        assert "git version 2.28.1" in refused.stderr
        assert "2.29" in refused.stderr
    assert state(served) == before


def test_a_repository_with_a_work_tree_is_refused(served: Served) -> None:
    refused = Served(served.clone.folder, served.clone, served.variables).install()
    assert refused.returncode == 2
    assert "work tree" in refused.stderr


def test_a_folder_that_is_no_repository_is_refused(served: Served, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    refused = Served(tmp_path / "empty", served.clone, served.variables).install()
    assert refused.returncode == 2
    assert "git init --bare" in refused.stderr


def test_hooks_that_git_looks_for_elsewhere_are_refused(served: Served, tmp_path: Path) -> None:
    served.git("config", "core.hooksPath", str(tmp_path / "shared"))
    before = state(served)
    refused = served.install()
    assert refused.returncode == 2
    assert "core.hooksPath" in refused.stderr
    assert state(served) == before


@pytest.mark.parametrize("option", [("--name", "a b"), ("--address", "shop.git"), ("--wait", "0")])
def test_a_wrong_setting_is_refused_before_anything_changes(served: Served, option: tuple[str, str]) -> None:
    before = state(served)
    assert served.install(*option).returncode == 2
    assert state(served) == before


def test_the_way_to_the_stack_is_recorded_without_any_secret(served: Served) -> None:
    variables = {"TEMPORAL_API_KEY": "s3cret", "MAESTRO_LEDGER_URL": "postgresql://maestro:s3cret@db/maestro"}
    done = served.hooks("install", **variables)
    assert done.returncode == 0, done.stderr
    assert "MAESTRO_LEDGER_URL" in done.stdout
    assert "s3cret" not in (served.folder / "config").read_text(encoding="utf-8") + done.stdout + done.stderr
    assert served.git("config", "--get-all", "maestro.environment").splitlines() == [
        f"MAESTRO_HOME={served.variables['MAESTRO_HOME']}",
        "TEMPORAL_ADDRESS=127.0.0.1:1",
    ]


def test_the_check_names_everything_that_is_amiss(served: Served) -> None:
    served.install()
    (served.folder / "hooks" / "pre-receive").unlink()
    foreign(served, "post-receive")
    served.git("config", "--unset-all", "receive.procReceiveRefs")
    served.git("config", "receive.advertisePushOptions", "false")
    checked = served.hooks("check")
    assert checked.returncode == 2
    for word in ("pre-receive is not there", "post-receive is another hook", "procReceiveRefs", "advertisePushOptions"):
        assert word in checked.stderr


def test_the_check_of_a_whole_installation_asks_the_stack(served: Served) -> None:
    served.install()
    checked = served.hooks("check")
    assert checked.returncode == 3
    assert "127.0.0.1:1" in checked.stderr
