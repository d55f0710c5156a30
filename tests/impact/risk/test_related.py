"""Names and co-failure: what relates a test to changed files in any language."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.impact.risk.folders import folder_of
from maestro.impact.risk.related import STRONGEST, Floats, Related

QUERY = "sql/core/src/main/java/org/example/sql/jdbc/Query.java"
SUITES = (
    "org.example.sql.jdbc.QuerySuite",
    "org.example.sql.jdbc.DialectSuite",
    "org.example.streaming.WindowSuite",
    "org.example.graph.ShortestPathSuite",
)


def related(names: tuple[str, ...], *files: str, after: Related | None = None) -> dict[str, Floats]:
    every = np.arange(len(names), dtype=np.int32)
    found = (after or Related(names, {})).to(every, files, usual=np.full(len(names), 0.01))
    return dict(zip(("like", "named", "place", "co-failure"), found, strict=True))


def test_the_suite_of_a_changed_class_stands_out_by_name_and_by_place() -> None:
    found = related(SUITES, QUERY)
    assert found["named"].tolist() == [1, 0, 0, 0]
    assert found["like"].argmax() == 0
    assert found["place"][0] == found["place"][1] > found["place"][2]


@pytest.mark.parametrize(
    ("test", "file"),
    [
        pytest.param("tests/shop/test_price.py::test_zero", "src/shop/price.py", id="a pytest file"),
        pytest.param("test_price.py::test_zero", "price.py", id="at the top of the repository"),
        pytest.param("tests/test_io.py::test_read[a/b]", "shop/io.py", id="a name of short words only"),
        pytest.param("org.example.PriceTest#zero", "src/main/java/org/example/Price.java", id="a method of a class"),
        pytest.param("org.example.PriceTest::zero", "src/main/java/org/example/Price.java", id="a JUnit report's id"),
        pytest.param("src/price.spec.ts", "src/price.ts", id="a spec beside its module"),
        pytest.param("pkg/price_test.go", "pkg/price.go", id="a Go file"),
    ],
)
def test_a_test_is_named_after_its_file_in_every_habit(test: str, file: str) -> None:
    assert related((test, "unlike/anything/here"), file)["named"].tolist() == [1, 0]


def test_an_extension_is_no_name_to_share() -> None:
    assert not related(("test_price.py::test_zero", "test_cart.py::test_add"), "setup.py", "Makefile")["named"].any()


def test_a_test_that_failed_when_a_folder_changed_is_related_to_its_neighbours() -> None:
    memory = Related(SUITES, {})
    for _ in range(4):
        memory.learn(np.array([2], np.int32), ("native/window/ring.c",))
    memory.learn(np.empty(0, np.int32), ("native/other.c",))
    same = related(SUITES, "native/window/ring.c", after=memory)["co-failure"]
    near = related(SUITES, "native/window/buffer.c", after=memory)["co-failure"]
    far = related(SUITES, "docs/index.md", after=memory)["co-failure"]
    assert same[2] >= near[2] > 0
    assert not same[[0, 1, 3]].any()
    assert not far.any()
    assert same.max() <= STRONGEST


def test_a_change_that_often_passed_says_less_than_one_that_always_failed() -> None:
    always, seldom = Related(SUITES, {}), Related(SUITES, {})
    for build in range(10):
        always.learn(np.array([1], np.int32), ("a.c",))
        seldom.learn(np.array([1] if build == 0 else [], np.int32), ("a.c",))
    strong, weak = (related(SUITES, "a.c", after=memory)["co-failure"][1] for memory in (always, seldom))
    assert strong > weak > 0


paths = st.text(alphabet="/ab.T\\é:[# ", max_size=12)


@given(st.lists(paths, max_size=6, unique=True), st.lists(paths, min_size=1, max_size=6))
def test_no_name_and_no_path_is_too_odd_to_be_compared(names: list[str], files: list[str]) -> None:
    memory = Related(names, {})
    memory.learn(np.arange(len(names), dtype=np.int32), files)
    found = related(tuple(names), *files, after=memory)
    for column in found.values():
        assert column.shape == (len(names),)
        assert np.isfinite(column).all()
        assert (column >= 0).all()
    assert (found["like"] <= 1 + 1e-9).all()
    assert (found["place"] <= 1 + 1e-9).all()


def test_files_of_tests_count_where_ids_say_nothing() -> None:
    memory = Related(("T1", "T2"), {"T1": "checkout/test_price.py", "T2": "search/test_index.py"})
    assert related(("T1", "T2"), "checkout/price.py", after=memory)["named"].tolist() == [1, 0]


@pytest.mark.parametrize(
    ("test", "folder"),
    [
        ("tests/test_price.py::test_zero[a::b]", "tests/test_price.py"),
        ("org.example.shop.PriceSuite", "org.example.shop"),
        ("org.example.shop.PriceTest#zero", "org.example.shop.PriceTest"),
        (r"win\tests\price", r"win\tests"),
        ("price", ""),
        ("", ""),
    ],
)
def test_the_folder_of_a_test_is_what_stands_before_its_own_name(test: str, folder: str) -> None:
    assert folder_of(test) == folder
