"""What git says of a pull request's risk, on real commits; hostile names and authors among them."""

import os
from pathlib import Path

import numpy as np
import pytest

from maestro.impact.changes import Change, ChangeKind
from maestro.impact.history.builds import VERDICTS, Build
from maestro.impact.risk.facts import red_builds_among
from tests.impact.conftest import Git
from tests.impact.risk.conftest import ADA, GRACE, Commit, FactsOf

LONG = "".join(f"line {number}\n" for number in range(60))


def test_size_counts_added_and_deleted_lines_and_nothing_of_binary_files(commit: Commit, facts_of: FactsOf) -> None:
    commit({"a.py": "one\ntwo\n", "logo.bin": "\0\1"})
    commit({"a.py": "one\n2\nthree\n", "logo.bin": "\0\2", "new.py": "x\n"})
    facts = facts_of()
    assert (facts.lines, facts.files) == (4, 3)


def test_a_moved_file_counts_the_lines_that_differ(commit: Commit, facts_of: FactsOf) -> None:
    commit({"old.py": LONG})
    commit({"old.py": None, "new.py": LONG + "more\n"})
    assert (facts_of().lines, facts_of().files) == (1, 1)


def test_churn_counts_each_earlier_commit_on_any_of_the_files_once(commit: Commit, facts_of: FactsOf) -> None:
    commit({"a.py": "1", "b.py": "1"})
    commit({"a.py": "2", "b.py": "2"})
    commit({"other.py": "1"})
    commit({"a.py": "3", "b.py": "3"})
    assert facts_of().earlier_commits == 2


def test_the_past_is_followed_through_renames(commit: Commit, facts_of: FactsOf) -> None:
    commit({"first.py": LONG}, author=GRACE)
    commit({"first.py": None, "second.py": LONG})
    commit({"second.py": None, "third.py": LONG})
    commit({"third.py": LONG + "more\n"})
    assert facts_of(author=GRACE).earlier_commits == 3
    assert facts_of(author=GRACE).familiar_share == 1.0


def test_what_is_older_than_the_window_is_forgotten(
    commit: Commit, facts_of: FactsOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    for year in (2020, 2023):
        for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
            monkeypatch.setenv(name, f"{year}-05-01T12:00:00Z")
        commit({"a.py": str(year)})
    commit({"a.py": "now"})
    assert facts_of().earlier_commits == 1


def test_reverts_of_the_files_are_known_by_their_subject(commit: Commit, facts_of: FactsOf) -> None:
    commit({"a.py": "1", "b.py": "1"}, subject='Revert "round prices"')
    commit({"b.py": "2"}, subject='Revert "something else"')
    commit({"a.py": "2"}, subject="Reverting is not a revert")
    commit({"a.py": "3"})
    assert facts_of().reverts == 1


def test_an_author_knows_a_file_wholly_and_its_neighbours_by_half(commit: Commit, facts_of: FactsOf) -> None:
    commit({"cart/total.py": "1", "cart/tax.py": "1", "ship/box.py": "1"}, author=GRACE)
    commit({"cart/total.py": "2"}, author=ADA)
    commit({"cart/total.py": "3", "cart/tax.py": "2", "ship/box.py": "2", "ship/new.py": "1"})
    assert facts_of(author=ADA).familiar_share == pytest.approx((1 + 0.5) / 4)
    assert facts_of(author="grace@SHOP.example").familiar_share == pytest.approx((1 + 1 + 1 + 0.5) / 4)
    assert facts_of(author="Grace").familiar_share == 0.0
    assert facts_of(author="").familiar_share == 0.0


def test_nobody_becomes_familiar_by_the_pull_requests_own_commits(commit: Commit, facts_of: FactsOf, git: Git) -> None:
    base = commit({"a.py": "1"}, author=GRACE)
    git("checkout", "--quiet", "-b", "feature", base)
    commit({"a.py": "2"}, author=ADA)
    assert facts_of(author=ADA).familiar_share == 0.0
    assert facts_of(author=ADA).earlier_commits == 1


def test_without_a_file_of_owners_nothing_is_known_of_owners(commit: Commit, facts_of: FactsOf) -> None:
    commit({"a.py": "1"})
    commit({"a.py": "2"})
    assert facts_of().owners is None


def test_owners_are_those_of_the_base_and_cannot_be_appointed_by_the_head(commit: Commit, facts_of: FactsOf) -> None:
    commit({".github/CODEOWNERS": "/cart/ @cart\n/ship/ @ship\n", "cart/a.py": "1", "ship/b.py": "1", "c.py": "1"})
    commit({".github/CODEOWNERS": "* @me\n", "cart/a.py": "2", "ship/b.py": "2", "c.py": "2"})
    facts = facts_of()
    assert facts.owners == 2
    assert facts.unowned == (".github/CODEOWNERS", "c.py")


def test_a_link_in_the_place_of_the_owners_file_is_none(commit: Commit, facts_of: FactsOf, tmp_path: Path) -> None:
    (tmp_path / "repository" / "CODEOWNERS").symlink_to("a.py")
    commit({"a.py": "* @me\n"})
    commit({"a.py": "* @you\n"})
    assert facts_of().owners is None


def test_names_that_look_like_gits_own_output_are_only_names(commit: Commit, facts_of: FactsOf) -> None:
    hostile = [
        "5\t7\tx.py",
        "R100",
        f"{'a' * 40}\x1fgrace@shop.example\x1fRevert",
        "\nM",
        ":(exclude)a",
        os.fsdecode(b"caf\xe9.py"),
        "--output=x",
    ]
    commit(dict.fromkeys(hostile, LONG), author=ADA, subject="\x1fx\x1fRevert")
    commit(dict.fromkeys(hostile, LONG + "more\n"), author=ADA)
    commit(dict.fromkeys(hostile) | {f"moved/{name}": LONG + "more\nagain\n" for name in hostile})
    facts = facts_of(author=GRACE)
    assert (facts.files, facts.lines) == (len(hostile), len(hostile))
    assert (facts.earlier_commits, facts.reverts, facts.familiar_share) == (2, 0, 0.0)
    assert facts_of(author=ADA).familiar_share == 1.0


def test_what_others_know_is_handed_through(commit: Commit, facts_of: FactsOf) -> None:
    commit({"a.py": "1"})
    commit({"a.py": "2"})
    facts = facts_of(agent="a bot's", critical=("it changes a.py",), red_builds=2)
    assert (facts.agent, facts.critical, facts.red_builds) == ("a bot's", ("it changes a.py",), 2)


def test_an_empty_pull_request_has_no_size(commit: Commit, facts_of: FactsOf) -> None:
    commit({"a.py": "1"})
    commit({})
    assert (facts_of().lines, facts_of().files, facts_of().familiar_share) == (0, 0, 0.0)


def _build(*, files: tuple[str, ...], verdict: str = "fail", revision: str = "r1", flaky: bool = False) -> Build:
    tests = np.array([0], np.int32)
    return Build(
        id=revision,
        time=0.0,
        tests=tests,
        verdicts=np.array([VERDICTS.index(verdict)], np.uint8),
        seconds=np.zeros(1, np.float32),
        files=files,
        revision=revision,
        flaky=tests if flaky else tests[:0],
    )


@pytest.mark.parametrize(
    ("build", "counts"),
    [
        pytest.param(_build(files=("a.py", "x.py")), True, id="a red build that changed the file"),
        pytest.param(_build(files=("old.py",)), True, id="or the name that it had"),
        pytest.param(_build(files=("a.py",), verdict="error"), True, id="an error is red"),
        pytest.param(_build(files=("a.py",), verdict="pass"), False, id="a green one is not"),
        pytest.param(_build(files=("a.py",), flaky=True), False, id="nor is noise"),
        pytest.param(_build(files=("b.py",)), False, id="nor another file's"),
        pytest.param(_build(files=("a.py",), revision="head"), False, id="nor its own earlier try"),
    ],
)
def test_a_red_build_counts_against_the_files_that_it_changed(build: Build, *, counts: bool) -> None:
    changes = [Change("a.py", ChangeKind.RENAMED, "old.py")]
    assert red_builds_among([build], changes, head="head") == counts
