"""The population of a release: what git has, whatever its configuration, caches and grafts say."""

from pathlib import Path

import pytest

from maestro.errors import BadInput, MaestroError
from maestro.evidence.merges import read_history
from tests.evidence.release_git import Clone


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path / "shop")


def subjects(clone: Clone, tag: str = "v2", **options: str) -> list[str]:
    return [commit.subject for commit in read_history(clone.folder, tag, **options).line]


def test_the_first_parents_since_the_tag_before_are_the_line(clone: Clone) -> None:
    clone.branch("pr", "one", "two")
    clone.merge("pr")
    clone.commit("three")
    clone.release()
    history = read_history(clone.folder, "v2")
    assert [commit.subject for commit in history.line] == ["three", "merge pr"]
    assert {commit.subject for commit in history.commits.values()} == {"three", "merge pr", "one", "two"}
    assert history.previous is not None
    assert (history.previous.name, history.previous.commit) == ("v1", clone.head("v1"))
    assert history.asked[-1] == f"git rev-list {clone.head('v2')} ^{clone.head('v1')} --"


def test_a_commit_is_read_as_it_was_hashed(clone: Clone) -> None:
    clone.commit("one")
    clone.release()
    (commit,) = read_history(clone.folder, "v2").line
    assert (commit.sha, commit.tree, commit.parents) == (clone.head(), clone.tree(), (clone.head("v1"),))
    assert commit.author == "Ada <ada@shop.example>"
    assert commit.at.startswith("2025-11-24T")


def test_the_nearest_tag_on_the_first_parents_is_the_one_before(clone: Clone) -> None:
    clone.branch("pr", "one")
    clone.git("tag", "on-a-branch", "pr")
    clone.merge("pr")
    clone.git("tag", "-a", "v1.1", "-m", "annotated")
    clone.commit("two")
    clone.release()
    clone.git("tag", "v2-again")
    history = read_history(clone.folder, "v2")
    assert history.previous is not None
    assert history.previous.name == "v1.1"
    assert history.previous.object == clone.head("v1.1")
    assert subjects(clone) == ["two"]
    assert subjects(clone, since="v1") == ["two", "merge pr"]


def test_without_an_earlier_tag_the_range_begins_at_the_root_and_says_so(clone: Clone) -> None:
    clone.git("tag", "-d", "v1")
    clone.commit("one")
    clone.release()
    history = read_history(clone.folder, "v2")
    assert history.previous is None
    assert "root" in history.chosen
    assert [commit.subject for commit in history.line] == ["one", "begin"]


def test_a_commit_by_its_whole_id_can_stand_for_a_tag(clone: Clone) -> None:
    clone.commit("one")
    assert subjects(clone, clone.head()) == ["one"]


@pytest.mark.parametrize(
    ("tag", "options", "told"),
    [
        pytest.param("v9", {}, "no tag 'v9'", id="a tag that is not there"),
        pytest.param("main", {}, "no tag 'main'", id="a branch, which moves"),
        pytest.param("--help", {}, "no tag", id="an option"),
        pytest.param("v1..v2", {}, "no name of a tag", id="a range"),
        pytest.param("v2^", {}, "no name of a tag", id="an expression"),
        pytest.param("", {}, "no name of a tag", id="nothing"),
        pytest.param("v2\nHEAD", {}, "no name of a tag", id="two lines"),
        pytest.param("of-a-file", {}, "leads to no commit", id="a tag of a file"),
        pytest.param("v2", {"since": "v9"}, "no tag 'v9'", id="a tag before that is not there"),
        pytest.param("v2", {"since": "v2"}, "the same commit", id="an empty range"),
        pytest.param("v1", {"since": "v2"}, "does not descend", id="the two exchanged"),
        pytest.param("v2", {"since": "elsewhere"}, "does not descend", id="a tag of another line"),
        pytest.param("v2", {"branch": "nowhere"}, "no branch", id="a branch that is not there"),
        pytest.param("elsewhere", {"since": "v1", "branch": "main"}, "not on the first parents", id="another branch"),
    ],
)
def test_a_range_that_cannot_be_used_is_refused(clone: Clone, tag: str, options: dict[str, str], told: str) -> None:
    clone.branch("other", "aside")
    clone.git("tag", "elsewhere", "other")
    clone.git("tag", "of-a-file", clone.git("hash-object", "-w", "--stdin", stdin=b"text"))
    clone.commit("one")
    clone.release()
    with pytest.raises(BadInput, match=told):
        read_history(clone.folder, tag, **options)


def test_a_shallow_clone_is_refused(clone: Clone, tmp_path: Path) -> None:
    clone.commit("one")
    clone.release()
    clone.git("clone", "--quiet", "--depth=1", f"file://{clone.folder}", str(tmp_path / "shallow"))
    with pytest.raises(BadInput, match="shallow"):
        read_history(tmp_path / "shallow", "v2")


def test_a_folder_without_a_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no git repository"):
        read_history(tmp_path, "v1")


@pytest.mark.parametrize("bare", [True, False], ids=["a bare repository", "a linked work tree"])
def test_every_kind_of_clone_can_be_read(clone: Clone, tmp_path: Path, bare: bool) -> None:
    clone.commit("one")
    clone.release()
    other = tmp_path / "other"
    words = ("clone", "--quiet", "--bare", str(clone.folder)) if bare else ("worktree", "add", "--quiet", "--detach")
    clone.git(*words, str(other))
    assert [commit.subject for commit in read_history(other, "v2").line] == ["one"]


def test_replacements_grafts_caches_and_configuration_change_nothing(clone: Clone) -> None:
    direct = clone.commit("pushed around")
    kept = clone.commit("kept")
    clone.release()
    clone.git("config", "log.showSignature", "true")
    clone.git("config", "core.commitGraph", "true")
    clone.git("commit-graph", "write", "--reachable")
    hidden = clone.git("commit-tree", f"{kept}^{{tree}}", "-p", "v1", "-m", "hidden")
    clone.git("replace", kept, hidden)
    (clone.folder / ".git" / "info" / "grafts").write_text(f"{kept} {clone.head('v1')}\n")
    assert clone.git("-c", "advice.graftFileDeprecated=false", "rev-list", "--count", "v1..v2") == "1"
    assert [commit.sha for commit in read_history(clone.folder, "v2").line] == [kept, direct]


def test_a_commit_whose_bytes_were_exchanged_is_found(clone: Clone) -> None:
    one = clone.commit("one")
    clone.commit("two")
    clone.release()
    other = clone.git("commit-tree", "HEAD^{tree}", "-p", "v1", "-m", "other")
    objects = clone.folder / ".git" / "objects"
    target = objects / one[:2] / one[2:]
    target.chmod(0o644)
    target.write_bytes((objects / other[:2] / other[2:]).read_bytes())
    with pytest.raises(MaestroError):
        read_history(clone.folder, "v2")


def test_a_commit_that_is_missing_is_told(clone: Clone) -> None:
    one = clone.commit("one")
    clone.commit("two")
    clone.release()
    (clone.folder / ".git" / "objects" / one[:2] / one[2:]).unlink()
    with pytest.raises(MaestroError):
        read_history(clone.folder, "v2")


def test_a_subject_may_hold_anything(clone: Clone) -> None:
    tree = clone.tree()
    raw = b"tree %b\nparent %b\nauthor A <a> 99999999999999 +0000\ncommitter A\n\n\xff\x1b[31m\n|<b>" % (
        tree.encode(),
        clone.head().encode(),
    )
    sha = clone.git("hash-object", "-t", "commit", "-w", "--literally", "--stdin", stdin=raw)
    clone.git("update-ref", "refs/tags/odd", sha)
    (commit,) = read_history(clone.folder, "odd").line
    assert (commit.subject, commit.at) == ("\\xff\x1b[31m", "")
