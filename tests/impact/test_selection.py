"""Which tests are selected, with which reason, and the sentence on the card."""

from collections.abc import Callable

import pytest

from maestro.impact.changes import Change, ChangeKind
from maestro.impact.graph.imports import ImportGraph
from maestro.impact.selection import Known, Selection, select
from maestro.impact.shards import ShardLimits
from maestro.model.artifact import ArtifactRef
from maestro.model.tests import ReasonKind, SelectionMode, TestOutcome, Verdict

GraphOf = Callable[..., ImportGraph]

TREE = {
    "shop/__init__.py": "",
    "shop/price.py": "",
    "shop/cart.py": "from . import price\n",
    "shop/order.py": "from . import cart\n",
    "shop/alone.py": "",
    "tests/test_price.py": "import shop.price\n",
    "tests/test_cart.py": "import shop.cart\n",
    "tests/test_order.py": "import shop.order\n",
    "tests/test_else.py": "import json\n",
}
TESTS = [
    "tests/test_price.py::test_a",
    "tests/test_price.py::test_b[x::y]",
    "tests/test_cart.py::TestCart::test_c",
    "tests/test_order.py::test_d",
    "tests/test_else.py::test_e",
]


@pytest.fixture
def graph(graph_of: GraphOf) -> ImportGraph:
    return graph_of(TREE)


def _modified(*paths: str) -> list[Change]:
    return [Change(path, ChangeKind.MODIFIED) for path in paths]


def _ids(selection: Selection) -> list[str]:
    return [test.id for test in selection.body.selected]


def test_the_tests_that_import_a_change_run_each_with_its_reason(graph: ImportGraph) -> None:
    selection = select(TESTS, _modified("shop/price.py"), graph)
    by_id = {test.id: test for test in selection.body.selected}
    assert list(by_id) == TESTS[:4]
    assert [test.id for test in selection.body.left_out] == TESTS[4:]
    cart = by_id["tests/test_cart.py::TestCart::test_c"]
    assert (cart.kind, cart.distance) == (ReasonKind.AFFECTED, 2)
    assert cart.reason == "tests/test_cart.py imports shop.cart, which imports shop.price, which is changed"
    assert selection.reason == "4 of 5 tests run: 4 affected by shop/price.py."


def test_a_changed_test_runs_because_it_is_changed(graph: ImportGraph) -> None:
    selection = select(TESTS, _modified("tests/test_else.py"), graph)
    assert [(test.id, test.kind) for test in selection.body.selected] == [(TESTS[4], ReasonKind.CHANGED)]
    assert selection.reason == "1 of 5 tests run: 1 in changed files."


def test_a_test_that_failed_recently_runs_with_every_code_change(graph: ImportGraph) -> None:
    failures = {TESTS[4]: "failed at 0123abcd on 2026-11-03", "tests/gone.py::test": "failed"}
    selection = select(TESTS, _modified("shop/alone.py"), graph, known=Known(failed=failures))
    assert [(test.kind, test.reason) for test in selection.body.selected] == [
        (ReasonKind.RECENTLY_FAILED, "it failed at 0123abcd on 2026-11-03")
    ]
    assert selection.reason == "1 of 5 tests run: 1 failed recently."


def test_a_change_that_no_test_imports_is_not_applicable(graph: ImportGraph) -> None:
    selection = select(TESTS, _modified("shop/alone.py"), graph)
    assert not selection.applicable
    assert selection.reason == "No test runs, because no test imports shop/alone.py, directly or indirectly."
    assert selection.body.shards == ()


def test_documentation_alone_is_not_applicable_even_if_something_failed_recently(graph: ImportGraph) -> None:
    selection = select(
        TESTS, _modified("README.md", "docs/a.rst"), graph, known=Known(failed={TESTS[0]: "failed yesterday"})
    )
    assert not selection.applicable
    assert selection.reason == "No test runs, because only documentation is changed: README.md, docs/a.rst."


@pytest.mark.parametrize(
    ("quoted", "changed"),
    [
        pytest.param("(ROOT / 'CHANGELOG.md').read_text()", "CHANGELOG.md", id="a file by its name"),
        pytest.param("open('../LICENSE')", "LICENSE", id="a file without a suffix"),
        pytest.param("ROOT.rglob('*.md')", "CHANGELOG.md", id="files by a pattern"),
        pytest.param("(ROOT / 'docs').iterdir()", "docs/guide.rst", id="the folder of the documentation"),
    ],
)
def test_documentation_that_a_test_reads_runs_that_test(graph_of: GraphOf, quoted: str, changed: str) -> None:
    graph = graph_of({**TREE, changed: "", "tests/test_else.py": f"text = {quoted}\n"})
    selection = select(TESTS, _modified(changed), graph)
    assert _ids(selection) == [TESTS[4]]
    assert selection.body.selected[0].reason == f"tests/test_else.py may read {changed}, which is changed"
    assert selection.reason == "1 of 5 tests run: 1 that read the documentation."


def test_documentation_that_only_the_build_quotes_is_not_applicable(graph_of: GraphOf) -> None:
    graph = graph_of({**TREE, "README.md": "", "setup.py": "open('README.md').read()\n"})
    assert not select(TESTS, _modified("README.md"), graph).applicable


def test_tests_written_in_documentation_run_when_it_changes(graph_of: GraphOf) -> None:
    graph = graph_of({**TREE, "README.md": ""})
    selection = select([*TESTS, "README.md::README.md"], _modified("README.md"), graph)
    assert _ids(selection) == ["README.md::README.md"]


def test_a_change_that_cannot_be_judged_takes_everything_and_names_the_file(graph: ImportGraph) -> None:
    selection = select(TESTS, _modified("pyproject.toml", "shop/price.py", "uv.lock"), graph)
    assert _ids(selection) == TESTS
    assert selection.body.selected[4].kind is ReasonKind.CANNOT_JUDGE
    assert selection.body.selected[0].kind is ReasonKind.AFFECTED
    assert selection.reason == (
        "All 5 tests run, because pyproject.toml configures the build or the tests (1 more cannot be judged either)."
    )


def test_a_downshift_does_not_make_the_unknown_safe(graph: ImportGraph) -> None:
    assert _ids(select(TESTS, _modified("uv.lock"), graph, mode=SelectionMode.DIRECT)) == TESTS


def test_direct_takes_the_tests_that_import_the_change_themselves(graph: ImportGraph) -> None:
    selection = select(TESTS, _modified("shop/price.py"), graph, mode=SelectionMode.DIRECT)
    assert _ids(selection) == TESTS[:2]


def test_direct_takes_the_nearest_tests_of_a_change_that_no_test_imports_itself(graph_of: GraphOf) -> None:
    tree = {**TREE, "shop/core.py": "", "shop/price.py": "from . import core\n"}
    selection = select(TESTS, _modified("shop/core.py", "shop/cart.py"), graph_of(tree), mode=SelectionMode.DIRECT)
    assert _ids(selection) == TESTS[:3]


def test_all_takes_everything_and_keeps_what_is_known(graph: ImportGraph) -> None:
    selection = select(TESTS, _modified("shop/alone.py"), graph, mode=SelectionMode.ALL)
    assert {test.kind for test in selection.body.selected} == {ReasonKind.ESCALATED}
    assert selection.reason == "All 5 tests run, because all were asked for."


def test_ids_that_are_no_file_always_run_when_code_changes(graph: ImportGraph) -> None:
    selection = select(["Suite: case one", "other"], _modified("shop/alone.py"), graph)
    assert [test.kind for test in selection.body.selected] == [ReasonKind.CANNOT_JUDGE] * 2
    assert "Suite: case one" in selection.body.selected[0].reason


def test_nothing_changed_is_not_applicable(graph: ImportGraph) -> None:
    assert select(TESTS, [], graph).reason == "No test runs, because the pull request changes no file."


def test_a_file_that_could_not_be_collected_is_carried_as_a_verdict(graph: ImportGraph) -> None:
    broken = TestOutcome(test="tests/test_new.py", verdict=Verdict.ERROR, message="SyntaxError")
    selection = select(TESTS, _modified("shop/alone.py"), graph, collection_errors=[broken])
    assert selection.applicable
    assert selection.body.collection_errors == (broken,)
    assert selection.reason.endswith("1 file could not be collected; each is a verdict of its own.")


def test_a_test_that_the_runner_lists_twice_is_selected_once(graph: ImportGraph) -> None:
    assert _ids(select([TESTS[4], TESTS[4]], _modified("tests/test_else.py"), graph)) == [TESTS[4]]


def test_file_names_in_the_plan_can_always_be_stored(graph: ImportGraph) -> None:
    selection = select(TESTS, _modified("docs/caf\udce9.md", "data/caf\udce9.json"), graph)
    assert b"caf\\\\xe9" in selection.body.model_dump_json().encode()
    assert len(selection.body.selected) == len(TESTS)


def test_the_plan_tells_the_figures_of_its_body(graph: ImportGraph) -> None:
    durations = dict.fromkeys(TESTS[:2], 2.0) | {TESTS[4]: 30.0}
    selection = select(
        TESTS,
        _modified("shop/price.py"),
        graph,
        known=Known(durations=durations),
        limits=ShardLimits(target_seconds=5.0, max_shards=2),
    )
    ref = ArtifactRef(digest="sha256:" + "0" * 64, media_type="application/json", bytes=1)
    plan = selection.plan(ref, round_number=1, environment_key="env", isolation="bubblewrap")
    assert (plan.selected_count, plan.left_out_count, plan.shard_count, plan.round) == (4, 1, 2, 1)
    assert (plan.selected_seconds, plan.left_out_seconds) == (8.0, 30.0)
    assert plan.reasons == {"affected": 4}
    assert plan.reason == selection.reason
