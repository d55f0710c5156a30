"""Which bundle covers which commit: by what was tested, never by what only looks alike."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from maestro.evidence.contents import Landing
from maestro.evidence.index import Index, IndexedControl, Subject
from maestro.evidence.merges import read_history
from maestro.evidence.population import Accounted, Candidate, How, account
from maestro.model.decision import DecisionState
from maestro.model.evidence import FindingState
from tests.evidence.release_git import Clone
from tests.evidence.samples import SEALED_AT


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path / "shop")


def bundle(clone: Clone, head: str, *, base: str = "main", order: int = 0, **changed: Any) -> Candidate:
    """The bundle of a head, as it was when ``base`` was where it is now."""
    sha = clone.head(head)
    subject = Subject(
        repository="https://forge.example/shop.git",
        repo="shop",
        pr=head,
        base_sha=clone.head(base),
        merge_base_sha=clone.git("merge-base", base, head),
        head_sha=sha,
        tested_tree=clone.tree(head),
        landing=changed.pop("landing", None),
    )
    control = IndexedControl(control="C-1", title="Tests pass", tier=1, state=FindingState.PASS)
    said = {"decision": DecisionState.GREEN, "decided_by": "policy", "controls": (control,)} | changed
    index = Index(
        subject=subject,
        reasons=(),
        files=(),
        catalogue_digest="sha256:" + "c" * 64,
        policy_digest="sha256:" + "d" * 64,
        maestro_version="1",
        sealed_at=SEALED_AT,
        **said,
    )
    return candidate(head, sha, index, order=order)


def candidate(pr: str, sha: str, index: Index | None, *, order: int = 0, problems: Sequence[str] = ()) -> Candidate:
    return Candidate(
        name=f"bundle {pr}/{order}",
        pr=pr,
        head=sha,
        order=(0.0, order),
        index_digest="sha256:" + "1" * 64,
        index=index,
        problems=lambda: tuple(problems),
        missing="" if index else "it is not in the store",
    )


def found(clone: Clone, *bundles: Candidate, base_ref: str = "", tag: str = "v2") -> list[Accounted]:
    clone.release(tag)
    return list(account(read_history(clone.folder, tag, since="v1"), bundles, base_ref=base_ref))


def told(accounted: Sequence[Accounted]) -> list[tuple[str, How | None]]:
    return [(each.commit.subject, each.how) for each in accounted]


def gaps(accounted: Sequence[Accounted]) -> dict[str, str]:
    return {each.commit.subject: each.gap for each in accounted if each.gap}


def test_a_fast_forward_is_covered_with_all_that_leads_up_to_its_head(clone: Clone) -> None:
    clone.branch("pr", "one", "two", "three")
    made = bundle(clone, "pr")
    clone.forward("pr")
    assert told(found(clone, made)) == [("three", How.HEAD), ("two", How.LEADS_UP), ("one", How.LEADS_UP)]


def test_a_landing_that_names_the_commit_covers_it(clone: Clone) -> None:
    clone.branch("pr", "one")
    base = clone.head()
    clone.squash("pr")
    made = bundle(clone, "pr", base=base, landing=Landing(base_ref="main", commit=clone.head(), tree=clone.tree()))
    assert told(found(clone, made)) == [("squash pr", How.LANDED)]


def test_a_merge_of_the_tested_head_with_the_tested_tree_is_covered(clone: Clone) -> None:
    clone.branch("pr", "one", "two")
    made = bundle(clone, "pr")
    clone.merge("pr")
    assert told(found(clone, made)) == [("merge pr", How.MERGE)]


def test_a_merge_after_the_base_has_moved_is_not_what_was_tested_and_names_both_trees(clone: Clone) -> None:
    clone.branch("pr", "one")
    made = bundle(clone, "pr")
    clone.commit("moved")
    clone.merge("pr")
    accounted = found(clone, made)
    gap = gaps(accounted)["merge pr"]
    assert "what landed is not what was tested" in gap
    assert clone.tree() in gap
    assert clone.tree("pr") in gap
    assert accounted[0].brings == 1
    assert "came in around Maestro" in gaps(accounted)["moved"]


def test_a_squashed_pull_request_is_covered_on_the_base_that_was_tested(clone: Clone) -> None:
    clone.branch("pr", "one", "two")
    made = bundle(clone, "pr")
    clone.squash("pr")
    assert told(found(clone, made)) == [("squash pr", How.SQUASHED)]


def test_a_squash_on_another_base_is_a_gap(clone: Clone) -> None:
    clone.branch("pr", "one")
    made = bundle(clone, "pr")
    clone.commit("moved")
    clone.squash("pr")
    assert set(gaps(found(clone, made))) == {"squash pr", "moved"}


def test_a_rebased_pull_request_is_covered_commit_by_commit(clone: Clone) -> None:
    clone.branch("pr", "one", "two", "three")
    made = bundle(clone, "pr")
    clone.rebase("pr")
    assert clone.head() != clone.head("pr")
    accounted = found(clone, made)
    assert told(accounted) == [("three", How.REBASED), ("two", How.REBASED), ("one", How.REBASED)]


def test_a_commit_slipped_in_between_rebased_ones_is_a_gap_with_all_of_them(clone: Clone) -> None:
    clone.branch("pr", "one", "two")
    made = bundle(clone, "pr")
    clone.rebase("pr~1")
    clone.commit("slipped in", file="x", content="x")
    clone.git("rm", "--quiet", "x")
    clone.git("commit", "--quiet", "-m", "taken out")
    clone.git("cherry-pick", "--no-ff", "pr")
    assert set(gaps(found(clone, made))) == {"one", "slipped in", "taken out", "two"}


def test_a_direct_push_is_a_gap_by_name(clone: Clone) -> None:
    clone.commit("around")
    (each,) = found(clone)
    assert each.gap == "no bundle names this commit: it came in around Maestro"
    assert (each.commit.sha, each.commit.author) == (clone.head(), "Ada <ada@shop.example>")


def test_a_revert_has_a_tree_that_was_tested_and_is_a_gap_all_the_same(clone: Clone) -> None:
    clone.branch("first", "one")
    first = bundle(clone, "first")
    clone.squash("first")
    clone.branch("second", "two")
    second = bundle(clone, "second")
    clone.squash("second")
    clone.git("revert", "--no-edit", "HEAD")
    accounted = found(clone, first, second)
    assert clone.tree() == clone.tree("first")
    assert [each.how for each in accounted] == [None, How.SQUASHED, How.SQUASHED]
    assert "on another base" in accounted[0].gap


def test_an_octopus_is_a_gap_that_names_the_other_heads(clone: Clone) -> None:
    clone.branch("pr", "one")
    clone.branch("other", "two")
    made = bundle(clone, "pr")
    clone.merge("pr", "other")
    (each,) = found(clone, made)
    assert "joins more than the head" in each.gap
    assert clone.head("other")[:12] in each.gap
    assert each.brings == 2


def test_what_was_pushed_before_a_foxtrot_merge_cannot_hide_beside_it(clone: Clone) -> None:
    """A pull request that merged main into itself and was fast-forwarded makes main's own commits second parents."""
    clone.branch("pr", "one")
    around = clone.commit("around")
    clone.git("checkout", "--quiet", "pr")
    clone.git("merge", "--quiet", "--no-ff", "-m", "update from main", "main")
    clone.git("checkout", "--quiet", "main")
    made = bundle(clone, "pr")
    clone.forward("pr")
    accounted = found(clone, made)
    assert told(accounted) == [("update from main", How.HEAD), ("one", How.LEADS_UP), ("around", None)]
    assert (accounted[2].commit.sha, accounted[2].beside) == (around, True)


def test_what_landed_properly_before_a_foxtrot_merge_is_covered_beside_it(clone: Clone) -> None:
    clone.branch("pr", "one")
    clone.branch("earlier", "two", "three")
    earlier = bundle(clone, "earlier")
    clone.forward("earlier")
    clone.branch("merged", "four")
    merged = bundle(clone, "merged")
    clone.merge("merged")
    clone.git("checkout", "--quiet", "pr")
    clone.git("merge", "--quiet", "--no-ff", "-m", "update from main", "main")
    clone.git("checkout", "--quiet", "main")
    made = bundle(clone, "pr")
    clone.forward("pr")
    accounted = found(clone, made, earlier, merged)
    assert gaps(accounted) == {}
    assert {each.commit.subject for each in accounted if each.beside} == {"merge merged", "three", "two", "four"}


def test_a_part_of_a_pull_request_that_landed_alone_is_a_gap(clone: Clone) -> None:
    clone.branch("pr", "one", "two")
    made = bundle(clone, "pr")
    clone.forward("pr~1")
    assert set(gaps(found(clone, made))) == {"one"}


def test_stacked_pull_requests_are_each_covered_by_their_own(clone: Clone) -> None:
    clone.branch("first", "one")
    first = bundle(clone, "first")
    clone.forward("first")
    clone.branch("second", "two", "three")
    second = bundle(clone, "second")
    clone.forward("second")
    accounted = found(clone, first, second)
    assert [(each.bundle and each.bundle.pr, each.how) for each in accounted] == [
        ("second", How.HEAD),
        ("second", How.LEADS_UP),
        ("first", How.HEAD),
    ]


@pytest.mark.parametrize("state", [DecisionState.BLOCKED, DecisionState.NEEDS_PERSON, DecisionState.CANCELLED])
def test_what_landed_though_it_was_not_green_is_a_gap(clone: Clone, state: DecisionState) -> None:
    clone.branch("pr", "one")
    made = bundle(clone, "pr", decision=state)
    clone.forward("pr")
    assert f"was not green but {state.value.replace('_', ' ')}" in gaps(found(clone, made))["one"]


@pytest.mark.parametrize(
    ("tier", "state", "decided_by", "covered"),
    [
        pytest.param(1, FindingState.FAIL, "policy", False, id="tier 1 failed after landing"),
        pytest.param(1, FindingState.FAIL, "ada", False, id="nobody can accept a failing control of tier 1"),
        pytest.param(2, FindingState.FAIL, "policy", False, id="tier 2 failed after landing"),
        pytest.param(2, FindingState.FAIL, "ada", True, id="a person accepted it"),
        pytest.param(2, FindingState.NOT_EVALUATED, "policy", False, id="it could not be asked after landing"),
        pytest.param(2, FindingState.NOT_APPLICABLE, "policy", True, id="it does not apply"),
        pytest.param(3, FindingState.FAIL, "policy", True, id="tier 3 is only noted"),
    ],
)
def test_a_control_that_does_not_hold_after_landing_is_a_gap(
    clone: Clone, tier: int, state: FindingState, decided_by: str, covered: bool
) -> None:
    clone.branch("pr", "one")
    control = IndexedControl(control="C-9", title="Reviewed", tier=tier, state=state)
    made = bundle(clone, "pr", controls=(control,), decided_by=decided_by)
    clone.forward("pr")
    gap = gaps(found(clone, made))
    assert (gap == {}) is covered
    assert covered or "C-9" in gap["one"]


def test_a_bundle_that_does_not_verify_covers_nothing(clone: Clone) -> None:
    clone.branch("pr", "one")
    good = bundle(clone, "pr")
    clone.forward("pr")
    bad = candidate("pr", good.head, good.index, problems=("vsa.dsse.json: unknown key", "more"))
    assert "does not verify: bundle pr/0 (pull request pr): vsa.dsse.json: unknown key (and 1 more)" in gaps(
        found(clone, bad)
    )["one"].replace("the bundle ", "")


def test_a_bundle_whose_files_are_gone_is_named(clone: Clone) -> None:
    clone.branch("pr", "one")
    clone.branch("other", "two", base="pr")
    missing = [candidate(name, clone.head(name), None) for name in ("pr", "other")]
    clone.forward("pr")
    clone.merge("other")
    accounted = found(clone, *missing)
    assert len(gaps(accounted)) == 2
    assert all("missing or damaged" in each.gap and "not in the store" in each.gap for each in accounted)


def test_of_two_bundles_of_a_head_the_newer_one_counts(clone: Clone) -> None:
    clone.branch("pr", "one")
    older, newer = bundle(clone, "pr", order=1), bundle(clone, "pr", order=2, decision=DecisionState.BLOCKED)
    clone.forward("pr")
    assert "blocked" in gaps(found(clone, newer, older))["one"]


def test_the_bundle_that_says_how_it_landed_counts_before_one_that_was_made_again_later(clone: Clone) -> None:
    clone.branch("pr", "one")
    landing = Landing(base_ref="main", commit=clone.head("pr"), tree=clone.tree("pr"))
    landed = bundle(clone, "pr", order=1, landing=landing)
    again = bundle(clone, "pr", order=2, decision=DecisionState.CANCELLED)
    clone.forward("pr")
    assert told(found(clone, landed, again)) == [("one", How.LANDED)]


def test_a_landing_with_another_tree_than_was_tested_is_a_gap(clone: Clone) -> None:
    clone.branch("pr", "one")
    base = clone.head()
    clone.squash("pr")
    clone.git("commit", "--quiet", "--amend", "--allow-empty", "-m", "squash")
    clone.commit("more")
    clone.git("reset", "--quiet", "--soft", base)
    clone.git("commit", "--quiet", "-m", "squash with more")
    made = bundle(clone, "pr", base=base, landing=Landing(base_ref="main", commit=clone.head(), tree=clone.tree()))
    assert "what landed is not what was tested" in gaps(found(clone, made))["squash with more"]


def test_a_bundle_that_landed_on_another_branch_covers_nothing_on_this_one(clone: Clone) -> None:
    clone.branch("pr", "one")
    landing = Landing(base_ref="develop", commit=clone.head("pr"), tree=clone.tree("pr"))
    made = bundle(clone, "pr", landing=landing)
    clone.forward("pr")
    assert "landed on develop, not on main" in gaps(found(clone, made, base_ref="main"))["one"]
    assert gaps(found(clone, made, tag="v3")) == {}


def test_shas_in_an_index_that_are_no_ids_are_never_asked_of_git(clone: Clone) -> None:
    clone.branch("pr", "one")
    made = bundle(clone, "pr")
    assert made.index is not None
    subject = made.index.subject.model_copy(update={"merge_base_sha": "--all\nmain", "base_sha": "main"})
    hostile = candidate("pr", made.head, made.index.model_copy(update={"subject": subject}))
    clone.merge("pr")
    assert "merge base" in gaps(found(clone, hostile))["merge pr"]


def test_every_first_parent_is_accounted_for_exactly_once(clone: Clone) -> None:
    made = []
    for number in range(6):
        name = f"pr{number}"
        clone.branch(name, f"{number}a", f"{number}b")
        made.append(bundle(clone, name))
        (clone.forward, clone.merge, clone.squash)[number % 3](name)
        if number % 2:
            clone.commit(f"direct {number}")
    accounted = found(clone, *made)
    line = clone.git("rev-list", "--first-parent", "v1..v2").split()
    assert [each.commit.sha for each in accounted] == line
    assert set(gaps(accounted)) == {"direct 1", "direct 3", "direct 5"}
