"""Pushes that are not conducted, with the real git and no stack: what passes, what is refused, and what is left."""

import shlex
import sys
from pathlib import Path

import pytest

from tests.gateway.hooks.served import Served


@pytest.fixture
def head(served: Served) -> str:
    """The hooks are installed, and the clone has a commit that the repository has not."""
    assert served.install().returncode == 0
    return served.clone.commit({"calc.py": "x = 2\n"}, "Change it")


def refused(served: Served, *push: str, head: str) -> str:
    """What the pusher reads of a push that leaves nothing behind."""
    before = served.refs()
    done = served.push(*push)
    assert done.returncode == 1, done.stderr
    assert served.refs() == before
    assert not served.has(head)
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_push_that_is_not_for_review_passes_without_a_stack(served: Served, head: str) -> None:
    done = served.push("origin", "HEAD:refs/heads/feature", "HEAD:refs/tags/v1", "HEAD:refs/notes/maestro")
    assert done.returncode == 0, done.stderr
    assert "maestro:" not in done.stderr
    assert served.refs()["refs/heads/feature"] == head
    assert served.push("origin", ":refs/heads/feature").returncode == 0


@pytest.mark.parametrize(
    ("push", "words"),
    [
        pytest.param(("HEAD:refs/for/mian",), "no such branch", id="an unknown branch"),
        pytest.param(("HEAD:refs/for",), "no such branch", id="no branch"),
        pytest.param((":refs/for/main",), "nothing to delete", id="a deletion"),
        pytest.param(("HEAD:refs/for/main", "HEAD:refs/heads/x"), "push of their own", id="together with a branch"),
        pytest.param(("HEAD:refs/for/main", "HEAD:refs/tags/x"), "--no-follow-tags", id="together with a tag"),
        pytest.param(("HEAD:refs/maestro/pull/main--x/head",), "by Maestro alone", id="a reference of Maestro's"),
        pytest.param(("main:refs/for/main",), "already contains", id="nothing new"),
        pytest.param(("HEAD^{tree}:refs/for/main",), "a tree, and no commit", id="no commit"),
        pytest.param(("--atomic", "HEAD:refs/for/main", "HEAD:refs/for/mian"), "mian", id="one of two is wrong"),
    ],
)
def test_what_cannot_be_conducted_is_refused_and_leaves_nothing(
    served: Served, head: str, push: tuple[str, ...], words: str
) -> None:
    said = refused(served, "origin", *push, head=head)
    assert words in said
    assert "remote: maestro: fix:" in said


def test_a_tag_is_refused_by_its_kind(served: Served, head: str) -> None:
    served.clone.git("tag", "--annotate", "--message", "x", "v1")
    assert "a tag, and no commit" in refused(served, "origin", "v1:refs/for/main", head=head)


def test_a_head_of_another_history_is_refused(served: Served, head: str) -> None:
    served.clone.git("checkout", "--quiet", "--orphan", "other")
    other = served.clone.commit({"calc.py": "x = 3\n"}, "Begin again")
    assert "shares no history with main" in refused(served, "origin", "HEAD:refs/for/main", head=other)


def test_a_merge_that_is_no_fast_forward_is_refused_at_once(served: Served, head: str) -> None:
    assert served.install("--publish", "merge").returncode == 0
    served.clone.git("checkout", "--quiet", "main")
    served.clone.commit({"other.py": "y = 1\n"}, "Go on")
    served.clone.git("push", "--quiet", "origin", "main")
    said = refused(served, "-o", "merge", "origin", f"{head}:refs/for/main", head=head)
    assert "rebase it on main" in said


def test_a_wrong_push_option_is_named(served: Served, head: str) -> None:
    said = refused(served, "-o", "tenant=acme\x1b[2J", "origin", "HEAD:refs/for/main", head=head)
    assert r"push option tenant=acme\x1b[2J: there is no such option" in said
    assert "\x1b" not in said


def test_without_a_stack_nothing_of_the_push_is_stored(served: Served, head: str) -> None:
    said = refused(served, "origin", "HEAD:refs/for/main", head=head)
    assert "127.0.0.1:1" in said
    assert "nothing of this push is stored" in said


def test_a_configuration_that_hands_nothing_over_is_no_way_to_make_the_reference(served: Served, head: str) -> None:
    served.git("config", "--unset-all", "receive.procReceiveRefs")
    assert "maestro hooks install" in refused(served, "origin", "HEAD:refs/for/main", head=head)


def test_a_wrong_setting_of_the_owner_is_named_to_the_pusher(served: Served, head: str) -> None:
    served.git("config", "maestro.waitSeconds", "for ever")
    assert "maestro.waitseconds" in refused(served, "origin", "HEAD:refs/for/main", head=head)


def test_the_hook_of_before_runs_first_and_may_refuse(served: Served, head: str, tmp_path: Path) -> None:
    assert served.hooks("remove").returncode == 0
    log = tmp_path / "log"
    for name in ("pre-receive", "post-receive"):
        hook = served.folder / "hooks" / name
        hook.write_text(
            f"#!/bin/sh\n{{ echo {name} $GIT_PUSH_OPTION_0; cat; }} >> {shlex.quote(str(log))}\ntest ! -e stop\n"
        )
        hook.chmod(0o755)
    assert served.install("--chain").returncode == 0
    assert served.push("-o", "deploy", "origin", "HEAD:refs/heads/feature").returncode == 0
    line = f"{'0' * 40} {head} refs/heads/feature\n"
    assert log.read_text() == f"pre-receive deploy\n{line}post-receive deploy\n{line}"
    (served.folder / "stop").touch()
    done = served.push("origin", "HEAD:refs/heads/other")
    assert done.returncode == 1
    assert "refs/heads/other" not in served.refs()


def test_a_hook_of_before_that_names_no_interpreter_runs_as_git_ran_it(served: Served, head: str) -> None:
    assert served.hooks("remove").returncode == 0
    hook = served.folder / "hooks" / "pre-receive"
    hook.write_text("echo no pushes today >&2\nexit 1\n")
    hook.chmod(0o755)
    assert served.install("--chain").returncode == 0
    assert "no pushes today" in refused(served, "origin", "HEAD:refs/heads/x", head=head)


def test_neither_the_repository_nor_the_environment_says_where_modules_are(
    served: Served, head: str, tmp_path: Path
) -> None:
    evil = "import os, pathlib\npathlib.Path(os.environ['EVIL']).touch()\n"
    for folder in (served.folder, tmp_path / "lib"):
        (folder / "gateway").mkdir(parents=True)
        (folder / "gateway" / "__init__.py").write_text(evil)
        (folder / "subprocess.py").write_text(evil)
    done = served.push("origin", "HEAD:refs/heads/x", EVIL=str(tmp_path / "evil"), PYTHONPATH=str(tmp_path / "lib"))
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "evil").exists()


def test_a_reference_name_that_no_git_client_would_send_is_refused_in_plain_text(served: Served, head: str) -> None:
    line = f"{'0' * 40} {head} refs/for/main\x1b[31m\r"
    done = served.run(sys.executable, "-c", _FED, sys.executable, line, GIT_DIR=str(served.folder))
    assert done.returncode == 1
    assert r"main\x1b[31m" in done.stderr
    assert "\x1b" not in done.stderr


_FED = """
import subprocess, sys
hook = [sys.argv[1], "-E", "-P", "-m", "gateway.hooks", "pre-receive"]
sys.exit(subprocess.run(hook, input=sys.argv[2].encode() + b"\\n").returncode)
"""
