"""Mirrors and worktrees: the right files, shared between processes, and nothing left behind."""

import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from maestro.errors import BadInput
from maestro.execution.leftovers import MARK
from maestro.execution.mirror import fetch, missing
from maestro.execution.places import Places
from maestro.execution.worktree import checkout, reap
from tests.execution.processes import is_running
from tests.execution.repositories import Repository


def mirrored(repository: Repository, places: Places, *shas: str) -> Path:
    return fetch(str(repository.folder), "repository", shas, places=places)


def test_a_worktree_has_exactly_the_files_of_its_commit(repository: Repository, places: Places) -> None:
    first = repository.commit({"a.txt": "old", "folder/b.txt": "b"})
    repository.commit({"a.txt": "new", "c.txt": "c"})
    with checkout(mirrored(repository, places, first), first, places=places) as tree:
        found = {path.relative_to(tree.source).as_posix() for path in tree.source.rglob("*") if path.is_file()}
        assert found == {"a.txt", "folder/b.txt"}
        assert (tree.source / "a.txt").read_text() == "old"


def test_names_that_are_not_utf8_links_and_modes_are_checked_out(repository: Repository, places: Places) -> None:
    (repository.folder / "link").symlink_to("target")
    (repository.folder / "run.sh").touch(mode=0o755)
    sha = repository.commit({b"caf\xe9.txt": "bytes", "sp ace\n.txt": "odd"})
    with checkout(mirrored(repository, places, sha), sha, places=places) as tree:
        assert b"caf\xe9.txt" in {os.fsencode(path.name) for path in tree.source.iterdir()}
        assert (tree.source / "sp ace\n.txt").read_text() == "odd"
        assert (tree.source / "link").readlink() == Path("target")
        assert os.access(tree.source / "run.sh", os.X_OK)


def test_nothing_of_a_worktree_is_left_when_it_is_closed(repository: Repository, places: Places) -> None:
    sha = repository.commit({"a/b/c.txt": "c"})
    with checkout(mirrored(repository, places, sha), sha, places=places) as tree:
        (tree.source / "a" / "b").chmod(0)
        (tree.scratch / "made").mkdir(mode=0o400)
    assert list(places.worktrees.iterdir()) == []


def test_nothing_of_a_worktree_is_left_when_its_commit_cannot_be_written(
    repository: Repository, places: Places
) -> None:
    mirror = mirrored(repository, places, repository.commit({"a": "a"}))
    with pytest.raises(Exception, match="read-tree"), checkout(mirror, "f" * 40, places=places):
        pytest.fail("a commit that does not exist was checked out")
    assert list(places.worktrees.iterdir()) == []


def test_a_killed_process_leaves_a_worktree_and_a_child_that_the_next_one_removes(
    repository: Repository, places: Places
) -> None:
    sha = repository.commit({"a.txt": "a"})
    mirror = mirrored(repository, places, sha)
    script = f"""
import os, subprocess, sys
from pathlib import Path
from maestro.execution.places import Places
from maestro.execution.worktree import checkout
with checkout(Path({str(mirror)!r}), {sha!r}, places=Places.under(Path({str(places.mirrors.parent)!r}))) as tree:
    environment = dict(os.environ, {MARK}=tree.mark)
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    child = subprocess.Popen(sleep, env=environment, stdout=-3, stderr=-3)
    print(child.pid, flush=True)
    os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == -9, done.stderr
    child = int(done.stdout)
    assert is_running(child)
    assert len(reap(places)) == 1
    assert not is_running(child)
    assert list(places.worktrees.iterdir()) == []


def test_a_worktree_in_use_is_never_reaped(repository: Repository, places: Places) -> None:
    sha = repository.commit({"a.txt": "a"})
    with checkout(mirrored(repository, places, sha), sha, places=places) as tree:
        assert reap(places) == ()
        assert (tree.source / "a.txt").exists()


def test_a_mirror_fetches_commits_that_no_branch_names(repository: Repository, places: Places) -> None:
    repository.commit({"a": "1"})
    repository.git("checkout", "--quiet", "-b", "gone")
    sha = repository.commit({"a": "2"})
    repository.git("checkout", "--quiet", "main")
    repository.git("branch", "-D", "gone")
    assert missing(mirrored(repository, places, sha), (sha,)) == ()


def test_a_commit_that_the_repository_does_not_have_is_refused(repository: Repository, places: Places) -> None:
    repository.commit({"a": "1"})
    with pytest.raises(BadInput, match="1111111"):
        mirrored(repository, places, "1" * 40)


def test_a_shallow_clone_can_be_mirrored_and_deepened(repository: Repository, places: Places, tmp_path: Path) -> None:
    first, second = repository.commit({"a": "1"}), repository.commit({"a": "2"})
    shallow = repository.clone(tmp_path / "shallow", "--depth=1")
    mirrored(shallow, places, second)
    shallow.git("fetch", "--quiet", "--unshallow")
    assert missing(mirrored(shallow, places, first, second), (first, second)) == ()


def test_a_lock_that_a_killed_fetch_left_does_not_stop_the_next(repository: Repository, places: Places) -> None:
    first = repository.commit({"a": "1"})
    mirror = mirrored(repository, places, first)
    second = repository.commit({"a": "2"})
    (mirror / "refs" / "maestro" / f"{second}.lock").touch()
    (mirror / "packed-refs.lock").touch()
    assert missing(mirrored(repository, places, second), (second,)) == ()


def test_many_processes_may_fetch_into_one_mirror_at_once(repository: Repository, places: Places) -> None:
    shas = [repository.commit({"a": str(number)}) for number in range(4)]
    with ProcessPoolExecutor(4, mp_context=multiprocessing.get_context("spawn")) as pool:
        jobs = [pool.submit(fetch, str(repository.folder), "repository", [sha], places=places) for sha in shas]
        mirrors = {job.result() for job in jobs}
    assert len(mirrors) == 1
    assert missing(mirrors.pop(), shas) == ()


def test_two_repositories_of_one_name_have_two_mirrors(tmp_path: Path, places: Places) -> None:
    repositories = [Repository(tmp_path / owner / "name") for owner in ("one", "two")]
    mirrors = {fetch(str(each.folder), "name", [each.commit({"a": "1"})], places=places) for each in repositories}
    assert len(mirrors) == 2
