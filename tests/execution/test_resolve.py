"""What a person may name, and how each mistake is answered."""

from pathlib import Path

import pytest

from maestro.errors import BadInput
from maestro.execution.places import Places
from maestro.execution.resolve import resolve_pull_request
from maestro.model.pull_request import PullRequest
from tests.execution.repositories import Repository


@pytest.fixture
def two_commits(repository: Repository) -> Repository:
    repository.commit({"a.py": "1"}, "first")
    repository.commit({"a.py": "2"}, "Second: with a title\n\nand a body")
    return repository


def resolved(repository: Repository | str, places: Places, *, base: str = "HEAD~1", head: str = "HEAD") -> PullRequest:
    where = repository if isinstance(repository, str) else str(repository.folder)
    return resolve_pull_request(where, base=base, head=head, places=places)


def refusal(repository: Repository | str, places: Places, **revisions: str) -> BadInput:
    with pytest.raises(BadInput) as caught:
        resolved(repository, places, **revisions)
    assert caught.value.fix
    return caught.value


def test_a_pull_request_knows_everybody_who_wrote_its_commits(two_commits: Repository, places: Places) -> None:
    base = two_commits.git("rev-parse", "HEAD")
    two_commits.commit({"b.py": "1"}, "with help\n\nCo-authored-by: Carol <carol@example.org>")
    two_commits.git("config", "user.name", "Bob")
    two_commits.git("config", "user.email", "bob@example.org")
    two_commits.commit({"b.py": "2"}, "alone")
    found = resolved(two_commits, places, base=base)
    assert found.author == "Bob <bob@example.org>"
    assert set(found.contributors) == {
        "Ada <ada@example.org>",
        "Bob <bob@example.org>",
        "Carol <carol@example.org>",
    }


def test_a_pull_request_knows_its_commits_author_and_title(two_commits: Repository, places: Places) -> None:
    found = resolved(two_commits, places)
    assert found.head_sha == two_commits.git("rev-parse", "HEAD")
    assert found.base_sha == found.merge_base_sha == two_commits.git("rev-parse", "HEAD~1")
    assert (found.author, found.title) == ("Ada <ada@example.org>", "Second: with a title")
    assert (found.repo, found.repository) == ("repository", str(two_commits.folder))
    assert found.notes == ()


def test_the_merge_base_of_a_branch_is_where_it_left_the_base(two_commits: Repository, places: Places) -> None:
    fork = two_commits.git("rev-parse", "HEAD")
    two_commits.git("checkout", "--quiet", "-b", "feature")
    two_commits.commit({"b.py": "1"})
    two_commits.git("checkout", "--quiet", "main")
    two_commits.commit({"c.py": "1"})
    assert resolved(two_commits, places, base="main", head="feature").merge_base_sha == fork


def test_a_subfolder_of_a_repository_stands_for_the_repository(two_commits: Repository, places: Places) -> None:
    two_commits.commit({"folder/a.py": "1"})
    assert resolved(str(two_commits.folder / "folder"), places).repository == str(two_commits.folder)


@pytest.mark.parametrize(
    ("origin", "repo"),
    [
        pytest.param("https://example.org/owner/name.git", "owner/name", id="an https address"),
        pytest.param("git@example.org:owner/name.git", "owner/name", id="a short ssh address"),
        pytest.param("https://example.org/group/sub group/name", "sub-group/name", id="a deep path with a space"),
    ],
)
def test_a_repository_is_named_after_its_origin(
    two_commits: Repository, places: Places, origin: str, repo: str
) -> None:
    two_commits.git("remote", "add", "origin", origin)
    assert resolved(two_commits, places).repo == repo


def test_a_folder_that_is_no_repository_is_refused(tmp_path: Path, places: Places) -> None:
    error = refusal(str(tmp_path), places)
    assert (error.field, "not a git repository" in error.message) == ("repository", True)


def test_a_path_that_does_not_exist_is_refused(tmp_path: Path, places: Places) -> None:
    assert refusal(str(tmp_path / "nowhere"), places).field == "repository"


def test_an_address_with_a_password_is_refused_without_repeating_it(places: Places) -> None:
    error = refusal("https://someone:geheim@example.org/owner/name", places)
    assert error.field == "repository"
    assert "geheim" not in str(error)


@pytest.mark.parametrize("field", ["base", "head"])
@pytest.mark.parametrize(
    "revision",
    [
        pytest.param("nothing", id="no such branch"),
        pytest.param("0" * 40, id="no such commit"),
        pytest.param("--all", id="an option of git"),
        pytest.param("", id="empty"),
    ],
)
def test_an_unknown_revision_is_refused_by_its_field(
    two_commits: Repository, places: Places, field: str, revision: str
) -> None:
    assert refusal(two_commits, places, **{field: revision}).field == field


def test_equal_revisions_are_refused(two_commits: Repository, places: Places) -> None:
    assert "same commit" in refusal(two_commits, places, base="main", head="HEAD").message


def test_a_head_that_the_base_contains_is_refused(two_commits: Repository, places: Places) -> None:
    assert "already contains" in refusal(two_commits, places, base="HEAD", head="HEAD~1").message


def test_revisions_without_a_common_history_are_refused(two_commits: Repository, places: Places) -> None:
    two_commits.git("checkout", "--quiet", "--orphan", "other")
    two_commits.commit({"b.py": "1"})
    error = refusal(two_commits, places, base="main", head="other")
    assert (error.field, "share no history" in error.message) == ("base", True)


def test_uncommitted_changes_are_noted_and_not_conducted(two_commits: Repository, places: Places) -> None:
    two_commits.write({"a.py": "changed", "new.py": "new"})
    assert "2 uncommitted changes" in resolved(two_commits, places).notes[0]


def test_a_shallow_clone_without_the_base_is_told_to_fetch_its_history(
    two_commits: Repository, places: Places, tmp_path: Path
) -> None:
    error = refusal(two_commits.clone(tmp_path / "shallow", "--depth=1"), places)
    assert "shallow" in error.message
    assert "--unshallow" in error.fix


def test_a_shallow_clone_with_both_commits_is_noted(two_commits: Repository, places: Places, tmp_path: Path) -> None:
    two_commits.commit({"a.py": "3"})
    assert "shallow" in resolved(two_commits.clone(tmp_path / "shallow", "--depth=2"), places).notes[0]


def test_submodules_are_noted_by_name(two_commits: Repository, places: Places) -> None:
    head = two_commits.git("rev-parse", "HEAD")
    two_commits.git("update-index", "--add", "--cacheinfo", f"160000,{head},vendored")
    two_commits.git("commit", "--quiet", "--message", "submodule")
    (note,) = [note for note in resolved(two_commits, places).notes if "submodule" in note]
    assert "vendored" in note


def test_a_title_that_is_not_utf8_is_spelled_out(two_commits: Repository, places: Places) -> None:
    (two_commits.folder / "message").write_bytes(b"caf\xe9")
    two_commits.git("-c", "i18n.commitEncoding=UTF-8", "commit", "--allow-empty", "--quiet", "--file=message")
    assert resolved(two_commits, places).model_dump_json()


def test_a_bare_repository_can_be_conducted(two_commits: Repository, places: Places, tmp_path: Path) -> None:
    assert resolved(two_commits.clone(tmp_path / "bare.git", "--bare"), places).title == "Second: with a title"


def test_an_address_is_resolved_by_branch_tag_and_commit(two_commits: Repository, places: Places) -> None:
    two_commits.git("tag", "--annotate", "--message", "one", "v1", "HEAD~1")
    base, head = two_commits.git("rev-parse", "HEAD~1"), two_commits.git("rev-parse", "HEAD")
    address = f"file://{two_commits.folder}"
    for base_name, head_name in (("v1", "main"), (base, head), ("v1", "HEAD")):
        found = resolved(address, places, base=base_name, head=head_name)
        assert (found.base_sha, found.head_sha, found.merge_base_sha) == (base, head, base)


def test_an_unknown_branch_of_an_address_is_refused_by_its_field(two_commits: Repository, places: Places) -> None:
    assert refusal(f"file://{two_commits.folder}", places, base="nothing", head="main").field == "base"


def test_an_address_that_cannot_be_read_is_refused(places: Places, tmp_path: Path) -> None:
    assert refusal(f"file://{tmp_path / 'nowhere'}", places, base="a", head="b").field == "repository"


def test_a_program_is_never_run_for_an_address(places: Places, tmp_path: Path) -> None:
    refusal(f"ext::sh -c touch% {tmp_path / 'ran'}", places)
    assert not (tmp_path / "ran").exists()
