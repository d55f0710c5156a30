"""A push to ``refs/for/BRANCH`` of a bare repository, by the real git, on the real stack."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from maestro.forges.notes import NOTES
from maestro.model.decision import DecisionCard, DecisionState, Phase
from tests.e2e.conducting import BASE
from tests.execution.repositories import Files
from tests.gateway.hooks.served import Served
from tests.localstack import LocalStack


def slow_test(seconds: int) -> Files:
    """A test of what every head here changes, which takes its time."""
    body = f"def test_slow():\n    time.sleep({seconds})\n    assert double(1) == 2\n"
    return {"tests/test_slow.py": f"import time\n\nfrom calc import double\n\n\n{body}"}


LIMIT_SECONDS = 300


@pytest.fixture
def served(stack: LocalStack, tmp_path: Path) -> Served:
    """A repository whose pushes for review may be merged, and a clone with a branch of its own."""
    made = Served.under(tmp_path, BASE, stack.environment)
    installed = made.install("--publish", "comment", "--publish", "merge")
    assert installed.returncode == 0, installed.stderr
    return made


@pytest.fixture
def slow(stack: LocalStack, tmp_path: Path) -> Served:
    """The same, with a test that takes its time."""
    made = Served.under(tmp_path, {**BASE, **slow_test(6)}, stack.environment)
    installed = made.install("--publish", "comment", "--publish", "merge")
    assert installed.returncode == 0, installed.stderr
    return made


def change(served: Served, text: str = "x << 1", message: str = "Shift it") -> str:
    return served.clone.commit({"calc.py": f"def double(x):\n    return {text}\n"}, message)


def note(served: Served, head: str) -> str:
    return served.git("notes", "--ref=maestro", "show", head)


def workflow_of(said: str) -> str:
    found = re.search(r"workflow: (\S+)", said)
    assert found, said
    return found[1]


def is_running(stack: LocalStack, workflow_id: str) -> bool:
    shown = stack.maestro("pr", "show", "--json", workflow_id)
    assert shown.returncode == 0, shown.stderr
    card = DecisionCard.model_validate_json(shown.stdout)
    return card.phase is not Phase.DONE and card.decision.state is not DecisionState.CANCELLED


def test_the_pusher_reads_the_verdict_and_the_head_carries_it(served: Served) -> None:
    base, head = served.refs()["refs/heads/main"], change(served, message="Shift \x1b[31mit\x07")
    done = served.push("origin", "HEAD:refs/for/main")
    assert done.returncode == 0, done.stderr
    assert "Ready to merge" in done.stderr
    assert "maestro pr show pr/project/" in done.stderr
    assert "\x1b" not in done.stderr
    assert "\x07" not in done.stderr
    assert "Ready to merge" in note(served, head)
    assert served.refs() == {
        "refs/heads/main": base,
        f"refs/maestro/pull/main--{head[:12]}/head": head,
        NOTES: served.refs()[NOTES],
    }

    notes = served.refs()[NOTES]
    again = served.push("origin", "HEAD:refs/for/main")
    assert again.returncode == 0, again.stderr
    assert "this head was conducted before" in again.stderr
    assert "Ready to merge" in again.stderr
    assert served.refs()[NOTES] == notes


def test_a_red_head_is_taken_over_and_told_and_never_merged(served: Served) -> None:
    base, head = served.refs()["refs/heads/main"], change(served, "x + 3", "Break it")
    done = served.push("-o", "merge", "origin", "HEAD:refs/for/main/broken")
    assert done.returncode == 0, done.stderr
    assert "tests/test_calc.py::test_double" in done.stderr
    assert "Ready to merge" not in done.stderr
    assert served.refs()["refs/heads/main"] == base
    assert served.refs()["refs/maestro/pull/main--broken/head"] == head


def test_a_merge_moves_the_branch_to_the_tested_head(served: Served) -> None:
    head = change(served)
    done = served.push("-o", "merge", "origin", "HEAD:refs/for/main")
    assert done.returncode == 0, done.stderr
    assert f"merge: main is at {head[:12]}" in done.stderr
    assert served.refs()["refs/heads/main"] == head
    assert "already contains" in served.push("origin", "HEAD:refs/for/main").stderr


def test_a_merge_is_not_made_where_the_branch_has_moved_meanwhile(slow: Served) -> None:
    other = slow.clone.commit({"other.py": "y = 1\n"}, "Go on")
    assert slow.push("origin", "HEAD:refs/heads/other").returncode == 0
    slow.clone.git("reset", "--quiet", "--hard", "main")
    change(slow)
    with started(slow, "-o", "merge", "origin", "HEAD:refs/for/main") as push:
        until(push, "workflow:")
        slow.git("update-ref", "refs/heads/main", other)
        said = rest(push)
    assert "not merged: the base has moved" in said
    assert slow.refs()["refs/heads/main"] == other


def test_two_branches_of_one_push_are_two_pull_requests(served: Served) -> None:
    served.git("branch", "release/2.1", "main")
    head = change(served)
    done = served.push("--atomic", "origin", "HEAD:refs/for/main/fix", "HEAD:refs/for/release/2.1/fix")
    assert done.returncode == 0, done.stderr
    kept = sorted(ref for ref, commit in served.refs().items() if commit == head)
    assert len(kept) == 2
    for ref in kept:
        name = ref.split("/")[3]
        assert re.search(rf"{name}: Ready to merge", done.stderr), done.stderr


def test_a_newer_head_of_a_topic_takes_the_place_of_the_one_before(served: Served, stack: LocalStack) -> None:
    served.clone.write(slow_test(100))
    earlier = change(served)
    first = served.push("-o", "nowait", "-o", "merge", "origin", "HEAD:refs/for/main/shift")
    assert first.returncode == 0, first.stderr
    served.clone.git("reset", "--quiet", "--hard", "main")
    head = change(served, "2 * x + 0", "Do it otherwise")
    second = served.push("-o", "merge", "origin", "HEAD:refs/for/main/shift")
    assert second.returncode == 0, second.stderr
    assert "forced update" in second.stderr
    assert f"the earlier head {earlier[:12]} is cancelled" in second.stderr
    assert f"merge: main is at {head[:12]}" in second.stderr
    assert served.refs()["refs/maestro/pull/main--shift/head"] == head
    assert not is_running(stack, workflow_of(first.stderr))


def test_another_repository_of_the_same_name_is_not_told_this_one_s_verdict(
    served: Served, stack: LocalStack, tmp_path: Path
) -> None:
    change(served)
    first = served.push("-o", "nowait", "origin", "HEAD:refs/for/main", REMOTE_USER="ada\x1b[2J")
    assert first.returncode == 0, first.stderr
    shown = stack.maestro("pr", "show", "--json", workflow_of(first.stderr))
    assert r"pushed for review by ada\x1b[2J" in DecisionCard.model_validate_json(shown.stdout).pull_request.notes

    fork = Served(tmp_path / "fork" / served.folder.name, served.clone, served.variables)
    served.run("git", "clone", "--quiet", "--bare", str(served.folder), str(fork.folder))
    assert fork.install().returncode == 0
    second = fork.push(str(fork.folder), "HEAD:refs/for/main")
    assert second.returncode == 1
    assert "another repository or branch of the same name" in second.stderr
    assert "Ready to merge" not in second.stderr
    assert fork.install("--name", "ada/project").returncode == 0
    third = fork.push("-o", "nowait", str(fork.folder), "HEAD:refs/for/main")
    assert third.returncode == 0, third.stderr
    assert "workflow: pr/ada/project/" in third.stderr


def test_whoever_stops_the_push_stops_nothing_else(slow: Served) -> None:
    head = change(slow)
    with started(slow, "origin", "HEAD:refs/for/main") as push:
        until(push, "tests selected")
        os.killpg(push.pid, signal.SIGINT)
        push.wait(LIMIT_SECONDS)
    again = slow.push("origin", "HEAD:refs/for/main")
    assert again.returncode == 0, again.stderr
    assert re.search("joined|conducted before", again.stderr)
    assert "Ready to merge" in again.stderr
    assert "Ready to merge" in note(slow, head)


def test_a_push_waits_as_long_as_it_says(slow: Served, stack: LocalStack) -> None:
    change(slow)
    late = slow.push("-o", "timeout=1", "origin", "HEAD:refs/for/main")
    assert late.returncode == 0, late.stderr
    assert f"no verdict after 1 s; it goes on: maestro pr watch {workflow_of(late.stderr)}" in late.stderr
    seen = stack.maestro("pr", "watch", workflow_of(late.stderr))
    assert seen.returncode == 0, seen.stderr


def test_of_two_pushes_at_once_the_one_that_is_kept_is_conducted(served: Served) -> None:
    heads = []
    for number in range(2):
        served.clone.git("checkout", "--quiet", "-B", f"try{number}", "main")
        heads.append(change(served, f"2 * x  # {number}", f"Try {number}"))
    with ThreadPoolExecutor() as pool:
        said = dict(
            zip(heads, pool.map(lambda head: served.push("origin", f"{head}:refs/for/main/race"), heads), strict=True)
        )
    kept = served.refs()["refs/maestro/pull/main--race/head"]
    [lost] = set(heads) - {kept}
    assert "Ready to merge" in said[kept].stderr
    assert f"the earlier head {lost[:12]}" in said[kept].stderr
    assert "the earlier head" not in said[lost].stderr


class started:  # noqa: N801 - reads as a word in the tests
    """A push that runs, as the leader of a group of processes, as a terminal has it."""

    def __init__(self, served: Served, *arguments: str) -> None:
        self._process = subprocess.Popen(
            ["git", "-C", str(served.clone.folder), "push", *arguments],
            env=served.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="backslashreplace",
            start_new_session=True,
        )

    def __enter__(self) -> subprocess.Popen[str]:
        return self._process

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        assert self._process.stderr is not None
        self._process.stderr.close()


def lines(push: subprocess.Popen[str]) -> Iterator[str]:
    assert push.stderr is not None
    give_up = time.monotonic() + LIMIT_SECONDS
    for line in push.stderr:
        yield line
        assert time.monotonic() < give_up, "the push has not ended"


def until(push: subprocess.Popen[str], words: str) -> str:
    """What the push says up to the line that holds ``words``."""
    said = ""
    for line in lines(push):
        said += line
        if words in line:
            return said
    raise AssertionError(f"it ended without {words!r}: {said}")


def rest(push: subprocess.Popen[str]) -> str:
    return "".join(lines(push))
