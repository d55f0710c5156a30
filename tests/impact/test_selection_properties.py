"""What holds for every repository, every set of changes and every mode."""

from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maestro.impact.changes import Change, ChangeKind
from maestro.impact.graph.imports import ImportGraph
from maestro.impact.selection import Known, Selection, select
from maestro.impact.shards import ShardLimits
from maestro.model.tests import SelectionMode

MODULES = [f"shop/m{number}.py" for number in range(6)]
TEST_FILES = [f"tests/test_{number}.py" for number in range(4)]
OTHERS = ["README.md", "docs/a.rst", "pyproject.toml", "data.json", "gone.py", "tests/conftest.py", "shop/__init__.py"]
TESTS = [f"{file}::test_{number}" for file in TEST_FILES for number in range(2)] + ["Suite: other runner"]

EDGES = st.sets(st.tuples(st.sampled_from([*MODULES, *TEST_FILES]), st.sampled_from(MODULES)), max_size=14)
PATHS = st.sets(st.sampled_from([*MODULES, *TEST_FILES, *OTHERS]), max_size=5)
FAILURES = st.dictionaries(st.sampled_from(TESTS), st.just("failed at 0123"), max_size=2)


def _graph(edges: set[tuple[str, str]], factory: pytest.TempPathFactory) -> ImportGraph:
    top = factory.mktemp("selection")
    for folder in ("shop", "tests"):
        (top / folder).mkdir()
    for file in ("shop/__init__.py", "tests/conftest.py", "pyproject.toml", "data.json", "README.md"):
        (top / file).touch()
    for file in (*MODULES, *TEST_FILES):
        targets = sorted(target for source, target in edges if source == file)
        (top / file).write_text("".join(f"import shop.{target[5:-3]}\n" for target in targets))
    return ImportGraph.of(top, gone=["gone.py"])


def _changes(paths: set[str]) -> list[Change]:
    return [Change(path, ChangeKind.DELETED if path == "gone.py" else ChangeKind.MODIFIED) for path in sorted(paths)]


def _ids(selection: Selection) -> set[str]:
    return {test.id for test in selection.body.selected}


@settings(max_examples=40, deadline=None)
@given(edges=EDGES, paths=PATHS, failures=FAILURES)
def test_a_wider_mode_never_leaves_out_what_a_narrower_one_takes(
    tmp_path_factory: pytest.TempPathFactory, edges: set[tuple[str, str]], paths: set[str], failures: dict[str, str]
) -> None:
    graph, changes = _graph(edges, tmp_path_factory), _changes(paths)
    direct, standard, everything = (
        _ids(select(TESTS, changes, graph, mode=mode, known=Known(failed=failures)))
        for mode in (SelectionMode.DIRECT, SelectionMode.STANDARD, SelectionMode.ALL)
    )
    assert direct <= standard <= everything == set(TESTS)
    assert bool(direct) == bool(standard)


@settings(max_examples=40, deadline=None)
@given(edges=EDGES, paths=PATHS, more=PATHS, failures=FAILURES, mode=st.sampled_from(SelectionMode))
def test_one_more_changed_file_never_takes_a_test_away(
    tmp_path_factory: pytest.TempPathFactory,
    edges: set[tuple[str, str]],
    paths: set[str],
    more: set[str],
    failures: dict[str, str],
    mode: SelectionMode,
) -> None:
    graph = _graph(edges, tmp_path_factory)
    fewer = select(TESTS, _changes(paths), graph, mode=mode, known=Known(failed=failures))
    wider = select(TESTS, _changes(paths | more), graph, mode=mode, known=Known(failed=failures))
    assert _ids(fewer) <= _ids(wider)


@settings(max_examples=40, deadline=None)
@given(
    edges=EDGES,
    paths=PATHS,
    mode=st.sampled_from(SelectionMode),
    durations=st.dictionaries(st.sampled_from(TESTS), st.floats(0, 100)),
)
def test_every_test_is_selected_or_left_out_once_and_the_shards_hold_the_selected_once(
    tmp_path_factory: pytest.TempPathFactory,
    edges: set[tuple[str, str]],
    paths: set[str],
    mode: SelectionMode,
    durations: dict[str, float],
) -> None:
    graph = _graph(edges, tmp_path_factory)
    selection = select(
        TESTS, _changes(paths), graph, mode=mode, known=Known(durations=durations), limits=ShardLimits(20.0, 4)
    )
    body = selection.body
    assert sorted([test.id for test in body.selected] + [test.id for test in body.left_out]) == sorted(TESTS)
    assert sorted(chain.from_iterable(body.shards)) == list(range(len(body.selected)))
    assert all(test.reason for test in body.selected)
    assert selection.applicable == bool(body.selected)


@settings(max_examples=20, deadline=None)
@given(edges=EDGES, paths=PATHS, mode=st.sampled_from(SelectionMode))
def test_the_same_input_gives_the_same_bytes(
    tmp_path_factory: pytest.TempPathFactory, edges: set[tuple[str, str]], paths: set[str], mode: SelectionMode
) -> None:
    one, other = (
        select(TESTS, _changes(paths), _graph(edges, tmp_path_factory), mode=mode).model_dump_json() for _ in range(2)
    )
    assert one == other
