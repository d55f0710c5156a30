"""Selection in shadow: everything runs, and what would have been left out is told."""

from maestro.impact.selection import Selection
from maestro.impact.shadow import in_shadow
from maestro.impact.shards import ShardLimits
from maestro.model.tests import LeftOutTest, PlanBody, ReasonKind, SelectedTest, SelectionMode

RUNS = SelectedTest(id="tests/a.py::test_a", kind=ReasonKind.CHANGED, reason="changed", expected_seconds=1.0)
LEFT = tuple(LeftOutTest(id=f"tests/b.py::test_{n}", expected_seconds=2.0, fail_probability=0.1) for n in range(3))


def selection(*selected: SelectedTest, left_out: tuple[LeftOutTest, ...] = LEFT) -> Selection:
    body = PlanBody(selected=selected, left_out=left_out, shards=((0,),) if selected else (), changed_files=("a.py",))
    return Selection(
        mode=SelectionMode.STANDARD,
        applicable=bool(selected),
        reason="1 of 4 tests run: 1 in changed files.",
        body=body,
    )


def test_everything_runs_and_the_card_says_what_would_have_been_saved() -> None:
    shadowed = in_shadow(selection(RUNS), limits=ShardLimits(target_seconds=2.0))
    assert shadowed.body.left_out == ()
    assert [test.id for test in shadowed.body.selected] == [RUNS.id, *(test.id for test in LEFT)]
    assert shadowed.reason == (
        "All 4 tests run, because selection is in shadow. It would have left out 3 and saved 6 s: "
        "1 of 4 tests run: 1 in changed files."
    )
    assert sorted(index for shard in shadowed.body.shards for index in shard) == [0, 1, 2, 3]


def test_what_would_have_been_left_out_can_be_told_from_what_was_selected() -> None:
    kinds = {test.id: test.kind for test in in_shadow(selection(RUNS), limits=ShardLimits()).body.selected}
    assert kinds[RUNS.id] is ReasonKind.CHANGED
    assert {kinds[test.id] for test in LEFT} == {ReasonKind.SHADOWED}
    shadowed = in_shadow(selection(RUNS), limits=ShardLimits()).body.selected[-1]
    assert shadowed.fail_probability == 0.1


def test_a_change_that_no_test_is_affected_by_runs_them_all_the_same() -> None:
    shadowed = in_shadow(selection(), limits=ShardLimits())
    assert shadowed.applicable
    assert len(shadowed.body.selected) == 3


def test_a_selection_that_leaves_nothing_out_has_no_shadow() -> None:
    full = selection(RUNS, left_out=())
    assert in_shadow(full, limits=ShardLimits()) is full
