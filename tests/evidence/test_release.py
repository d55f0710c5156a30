"""What a release states: the same each time, with every change counted once, and no text that acts as markup."""

from pathlib import Path

import pytest

from maestro.evidence.index import IndexedControl
from maestro.evidence.merges import read_history
from maestro.evidence.population import account
from maestro.evidence.release import Release, Source, predicate_of, release_of, signed_release
from maestro.evidence.release_words import markdown, verdict
from maestro.model.evidence import FindingState
from maestro.signing.keys import open_keyring
from tests.evidence.release_git import Clone
from tests.evidence.samples import SEALED_AT
from tests.evidence.test_population import bundle


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path / "shop")


def control(name: str, state: FindingState, *, tier: int = 3) -> IndexedControl:
    return IndexedControl(control=name, title=f"Title of {name}", tier=tier, state=state)


def release(clone: Clone, *, source: Source | None = None) -> Release:
    """Two pull requests with other controls, one of them in two commits, and a direct push."""
    clone.branch("first", "one", "two")
    first = bundle(clone, "first", controls=(control("A", FindingState.PASS), control("B", FindingState.FAIL)))
    clone.forward("first")
    clone.branch("second", "three")
    second = bundle(
        clone, "second", controls=(control("A", FindingState.NOT_APPLICABLE), control("C", FindingState.NOT_EVALUATED))
    )
    clone.merge("second")
    clone.commit("around | <b> [x](y)")
    clone.release()
    history = read_history(clone.folder, "v2")
    return release_of(
        history,
        account(history, [first, second]),
        repo="shop",
        source=source or Source(query="two bundles", found=2),
        version="1",
        at=SEALED_AT,
    )


def test_every_change_is_counted_once_and_every_control_adds_up_to_all_changes(clone: Clone) -> None:
    made = release(clone)
    assert (made.commits, made.first_parents, made.population) == (5, 4, 3)
    assert [(one.pr, len(one.commits)) for one in made.changes] == [("second", 1), ("first", 2)]
    assert [gap.subject for gap in made.gaps] == ["around | <b> [x](y)"]
    rows = {
        one.control: (one.passed, one.failed, one.not_evaluated, one.not_applicable, one.not_asked, one.no_bundle)
        for one in made.controls
    }
    assert rows == {"A": (1, 0, 0, 1, 0, 1), "B": (0, 1, 0, 0, 1, 1), "C": (0, 0, 1, 0, 1, 1)}
    assert {sum(row) for row in rows.values()} == {made.population}


def test_the_same_release_gives_the_same_bytes(clone: Clone, tmp_path: Path) -> None:
    made, keys = release(clone), open_keyring(tmp_path / "keys")
    assert signed_release(made, keys=keys) == signed_release(made, keys=keys)
    assert markdown(made) == markdown(made)


def test_the_verdict_says_what_is_missing(clone: Clone) -> None:
    made = release(clone)
    assert verdict(made) == "v2: 2 of 3 changes since v1 have their evidence; 1 without"
    assert not made.complete


def test_problems_of_the_ledger_alone_make_a_release_incomplete(clone: Clone) -> None:
    made = release(clone, source=Source(query="x", found=2, problems=("record 3 is gone",)))
    without_gaps = made.model_copy(update={"gaps": ()})
    assert not without_gaps.complete
    assert predicate_of(without_gaps)["complete"] is False
    assert "record 3 is gone" in markdown(without_gaps)


def test_what_is_not_checked_is_always_said(clone: Clone) -> None:
    predicate = predicate_of(release(clone))
    told = " ".join(map(str, predicate["not_checked"] if isinstance(predicate["not_checked"], list) else []))
    assert "--branch" in told
    assert "only the ledger has all of them" in told


def test_a_subject_is_text_and_no_markup(clone: Clone) -> None:
    told = markdown(release(clone))
    assert "around \\| \\<b\\> \\[x\\]\\(y\\)" in told
    assert "<b>" not in told


def test_of_more_bundles_than_a_statement_may_have_subjects_the_commit_is_the_subject(
    clone: Clone, tmp_path: Path
) -> None:
    made = release(clone)
    many = made.model_copy(
        update={"changes": tuple(made.changes[0].model_copy(update={"pr": str(number)}) for number in range(1_500))}
    )
    envelope = signed_release(many, keys=open_keyring(tmp_path / "keys"))
    assert len(envelope) > 100_000
