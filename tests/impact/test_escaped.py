"""What escaped at a pull request runs again when a later one changes one of the same files."""

from collections.abc import Callable

import pytest

from maestro.impact.changes import Change, ChangeKind
from maestro.impact.escaped import why_again
from maestro.impact.graph.imports import ImportGraph
from maestro.impact.selection import Known, Selection, select
from maestro.model.tests import ReasonKind, SelectionMode
from maestro.model.tracing import PastEscape

GraphOf = Callable[..., ImportGraph]

HIDDEN = "tests/test_hidden.py::test_by_name"
ESCAPED = {HIDDEN: (PastEscape(owner="pull request 12", files=frozenset({"shop/price.py", "shop/old.py"})),)}


@pytest.fixture
def graph(graph_of: GraphOf) -> ImportGraph:
    return graph_of({"shop/price.py": "", "shop/stock.py": "", "tests/test_hidden.py": "import json\n"})


def changed(*paths: str) -> list[Change]:
    return [Change(path, ChangeKind.MODIFIED) for path in paths]


def selected(graph: ImportGraph, changes: list[Change], mode: SelectionMode = SelectionMode.STANDARD) -> Selection:
    return select([HIDDEN], changes, graph, mode=mode, known=Known(escaped=why_again(ESCAPED, changes)))


@pytest.mark.parametrize("mode", list(SelectionMode))
def test_an_escaped_test_runs_in_every_mode_when_a_file_of_its_escape_changes(
    graph: ImportGraph, mode: SelectionMode
) -> None:
    [test] = selected(graph, changed("shop/price.py"), mode).body.selected
    assert test.kind is ReasonKind.ESCAPED
    assert test.reason == "it escaped at pull request 12, which changed shop/price.py as this one does"


def test_a_change_elsewhere_leaves_it_to_the_night(graph: ImportGraph) -> None:
    selection = selected(graph, changed("shop/stock.py"))
    assert [test.id for test in selection.body.left_out] == [HIDDEN]


def test_the_card_counts_what_escaped_before(graph: ImportGraph) -> None:
    selection = selected(graph, changed("shop/price.py"))
    assert selection.reason == "1 of 1 test run: 1 escaped before."


def test_a_file_that_has_moved_since_still_counts_under_its_old_name() -> None:
    moved = [Change("shop/new.py", ChangeKind.RENAMED, "shop/old.py")]
    assert "shop/old.py" in why_again(ESCAPED, moved)[HIDDEN]


def test_the_newest_escape_is_the_one_that_is_named() -> None:
    newer = PastEscape(owner="pull request 15", files=frozenset({"shop/price.py"}))
    assert "pull request 15" in why_again({HIDDEN: (*ESCAPED[HIDDEN], newer)}, changed("shop/price.py"))[HIDDEN]
